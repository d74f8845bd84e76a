#include "exec/join_spill.h"

#include "qd/columns/compare.h"

#include <utility>

namespace qd::kql {

using columns::Chunk;

namespace {

std::vector<DataType> types_of(const columns::Schema& schema) {
    std::vector<DataType> out;
    for (const columns::Field& field : schema.fields) {
        out.push_back(field.type);
    }
    return out;
}

}  // namespace

JoinSide::JoinSide(Runtime& runtime, const columns::Schema& schema,
                   const std::vector<BoundPtr>& keys, bool divided)
    : query_(runtime.query()),
      schema_(schema),
      keys_(keys),
      reserved_(runtime.query(), "join"),
      evaluators_(runtime, runtime.query().workers),
      chunks_(runtime.query().workers),
      parts_(runtime.query(), types_of(schema)),
      divided_(divided) {}

Result<bool> JoinSide::push(std::size_t worker, Chunk chunk) {
    QD_CHECK_OK(query_.check());
    if (chunk.rows == 0) {
        return true;
    }
    if (!divided()) {
        const std::int64_t bytes = chunk_bytes(chunk);
        Status room = reserved_.add(bytes);
        if (room.ok()) {
            const std::int64_t held = held_bytes_.fetch_add(bytes) + bytes;
            chunks_[worker].push_back(std::move(chunk));
            if (!query_.wants_spilling(held)) {
                return true;
            }
            chunk = {};
        } else if (query_.spill == nullptr) {
            return room.error();
        }
        divided_.store(true, std::memory_order_relaxed);
    }
    QD_CHECK_OK(divide_held(worker));
    if (chunk.rows > 0) {
        QD_CHECK_OK(divide(worker, chunk));
    }
    return true;
}

Status JoinSide::divide_held(std::size_t worker) {
    for (const Chunk& held : std::exchange(chunks_[worker], {})) {
        QD_CHECK_OK(divide(worker, held));
        reserved_.give_back(chunk_bytes(held));
    }
    return {};
}

Status JoinSide::divide(std::size_t worker, const Chunk& chunk) {
    Evaluator& evaluator = evaluators_.of(worker);
    std::vector<std::uint64_t> hashes(chunk.rows, 0);
    for (const BoundPtr& key : keys_) {
        QD_TRY(const ColumnPtr column, evaluator.evaluate(key, chunk));
        columns::hash_column(*column, hashes);
    }
    return parts_.add(worker, chunk, hashes);
}

Status JoinSide::finish() {
    if (!divided()) {
        return {};
    }
    for (std::size_t worker = 0; worker < chunks_.size(); ++worker) {
        QD_CHECK_OK(divide_held(worker));
    }
    return parts_.finish();
}

Chunk JoinSide::take() {
    std::vector<Chunk> all;
    for (std::vector<Chunk>& part : chunks_) {
        std::move(part.begin(), part.end(), std::back_inserter(all));
        part.clear();
    }
    reserved_.give_back(held_bytes_.exchange(0));
    return join_chunks(all, schema_);
}

Status JoinSide::for_each(std::size_t part,
                          const std::function<Status(const Chunk&)>& visit) const {
    for (std::size_t worker = 0; worker < chunks_.size(); ++worker) {
        QD_CHECK_OK(parts_.for_each(part, worker, visit));
    }
    return {};
}

Result<Chunk> JoinSide::part(std::size_t part) const {
    std::vector<Chunk> chunks;
    QD_CHECK_OK(for_each(part, [&](const Chunk& chunk) -> Status {
        chunks.push_back(chunk);
        return {};
    }));
    return join_chunks(chunks, schema_);
}

}  // namespace qd::kql
