#include "exec/spilled_rows.h"

#include <cstring>

namespace qd::kql {

using columns::Chunk;
using columns::Column;

namespace {

constexpr std::size_t kAlignment = 16;
// Of each file that is being written; there may be hundreds.
constexpr std::size_t kBufferBytes = std::size_t{256} << 10;
constexpr std::int64_t kPendingBytes = std::int64_t{256} << 10;

const void* values_of(const Column& flat) {
    switch (columns::fixed_width(flat.type())) {
        case 1:
            return flat.values<std::uint8_t>().data();
        case 4:
            return flat.values<std::int32_t>().data();
        case 8:
            return flat.values<std::int64_t>().data();
        default:
            return flat.values<Wide>().data();
    }
}

}  // namespace

std::uint64_t SpilledRows::put(const void* bytes, std::size_t size) {
    if (flushed_ + buffer_.size() == 0) {
        buffer_.resize(kAlignment);  // place 0 stands for "none"
    }
    const std::uint64_t at = flushed_ + buffer_.size();
    if (size > 0) {
        buffer_.append(static_cast<const char*>(bytes), size);
    }
    buffer_.resize((buffer_.size() + kAlignment - 1) / kAlignment * kAlignment);
    return at;
}

Status SpilledRows::flush() {
    if (!file_) {
        QD_TRY(file_, query_.spill->create());
    }
    QD_CHECK_OK(file_->append(buffer_));
    query_.bytes_spilled.fetch_add(buffer_.size(), std::memory_order_relaxed);
    flushed_ += buffer_.size();
    buffer_.clear();
    return {};
}

Status SpilledRows::append(const Chunk& chunk) {
    Stored stored;
    stored.rows = chunk.rows;
    for (const ColumnPtr& column : chunk.columns) {
        const ColumnPtr flat = columns::flatten(column);
        Part part;
        if (!flat->nulls().empty()) {
            part.nulls = put(flat->nulls().data(), chunk.rows);
        }
        if (columns::is_bytes(flat->type())) {
            // Offsets may begin anywhere in a heap that is shared.
            const auto offsets = flat->offsets();
            std::vector<std::uint32_t> own(offsets.begin(), offsets.end());
            for (std::uint32_t& offset : own) {
                offset -= offsets[0];
            }
            part.values = put(own.data(), own.size() * sizeof(std::uint32_t));
            part.heap = put(flat->heap() + offsets[0], own.back());
        } else {
            part.values = put(values_of(*flat), chunk.rows * columns::fixed_width(flat->type()));
        }
        stored.parts.push_back(part);
        if (buffer_.size() > kBufferBytes) {
            QD_CHECK_OK(flush());
        }
    }
    chunks_.push_back(std::move(stored));
    return query_.check();
}

Status SpilledRows::finish() {
    if (!buffer_.empty()) {
        QD_CHECK_OK(flush());
    }
    buffer_.shrink_to_fit();
    if (file_) {
        QD_TRY(mapped_, file_->finish());
    }
    return {};
}

Chunk SpilledRows::read(std::size_t index) const {
    const Stored& stored = chunks_[index];
    const char* base = mapped_->bytes().data();
    Chunk out;
    out.rows = stored.rows;
    for (std::size_t c = 0; c < types_.size(); ++c) {
        const Part& part = stored.parts[c];
        std::span<const std::uint8_t> nulls;
        if (part.nulls != 0) {
            nulls = {reinterpret_cast<const std::uint8_t*>(base + part.nulls), stored.rows};
        }
        if (columns::is_bytes(types_[c])) {
            const auto* offsets = reinterpret_cast<const std::uint32_t*>(base + part.values);
            out.columns.push_back(
                Column::make_bytes(types_[c], std::span(offsets, std::size_t{stored.rows} + 1),
                                   base + part.heap, nulls, mapped_));
        } else {
            out.columns.push_back(
                Column::make_fixed(types_[c], stored.rows, base + part.values, nulls, mapped_));
        }
    }
    return out;
}

SpilledParts::SpilledParts(QueryContext& query, std::vector<DataType> types)
    : query_(query),
      types_(std::move(types)),
      pending_(query.workers * kParts),
      files_(query.workers * kParts) {
    for (const DataType type : types_) {
        schema_.fields.push_back({"", type});
    }
}

Status SpilledParts::write(std::size_t index) {
    Pending& pending = pending_[index];
    if (!files_[index]) {
        files_[index] = std::make_unique<SpilledRows>(query_, types_);
    }
    QD_CHECK_OK(files_[index]->append(join_chunks(pending.chunks, schema_)));
    pending = {};
    return {};
}

Status SpilledParts::add(std::size_t worker, const Chunk& rows,
                         std::span<const std::uint64_t> hashes) {
    std::vector<std::vector<std::uint32_t>> places(kParts);
    for (std::uint32_t i = 0; i < rows.rows; ++i) {
        places[part_of(hashes[i])].push_back(i);
    }
    for (std::size_t part = 0; part < kParts; ++part) {
        if (places[part].empty()) {
            continue;
        }
        Pending& pending = pending_[worker * kParts + part];
        Chunk taken = columns::gather(rows, places[part]);
        for (ColumnPtr& column : taken.columns) {
            column = columns::flatten(column);  // lets go of what the chunk shares
        }
        pending.bytes += chunk_bytes(taken);
        pending.chunks.push_back(std::move(taken));
        if (pending.bytes >= kPendingBytes) {
            QD_CHECK_OK(write(worker * kParts + part));
        }
    }
    return {};
}

Status SpilledParts::finish() {
    for (std::size_t i = 0; i < files_.size(); ++i) {
        if (!pending_[i].chunks.empty()) {
            QD_CHECK_OK(write(i));
        }
        if (files_[i]) {
            QD_CHECK_OK(files_[i]->finish());
        }
    }
    return {};
}

Status SpilledParts::for_each(std::size_t part, std::size_t worker,
                              const std::function<Status(const Chunk&)>& visit) const {
    const auto& rows = files_[worker * kParts + part];
    for (std::size_t i = 0; rows && i < rows->chunks(); ++i) {
        QD_CHECK_OK(query_.check());
        QD_CHECK_OK(visit(rows->read(i)));
    }
    return {};
}

}  // namespace qd::kql
