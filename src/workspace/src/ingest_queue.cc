// Group commit. A sync costs the same for one batch and for a hundred, so batches that arrive while
// one runs share the next. The thread waits for company only when the last group had any: a lone
// client gets its answer after one sync, a crowd is gathered for up to group_commit_us.
#include "ingest_queue.h"

#include <algorithm>
#include <chrono>
#include <iterator>

namespace qd::workspace::internal {

namespace {

constexpr std::size_t kGroupBytesMax = 64 << 20;  // written before one sync
constexpr std::size_t kGroupEnough = 4 << 20;     // no more waiting from here on
constexpr std::int64_t kRetryAfterMs = 1000;

}  // namespace

Error log_write_error(const Error& cause) {
    if (cause.code() == Code::ResourceExhausted) {
        return Error(Code::ResourceExhausted, "WSP0006",
                     "the disk is full and the rows were not taken: " + cause.message())
            .with_retry_after_ms(kRetryAfterMs);
    }
    return Error(Code::Unavailable, "WSP0009",
                 "the log cannot be written and the rows were not taken: " + cause.message())
        .with_retry_after_ms(kRetryAfterMs);
}

IngestQueue::IngestQueue(LogWriter& log, Options options, Publish publish)
    : log_(log), options_(options), publish_(std::move(publish)) {
    thread_ = std::thread([this] { run(); });
}

IngestQueue::~IngestQueue() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    grew_.notify_all();
    thread_.join();
}

Status IngestQueue::push(std::vector<PendingBatch>& unit) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < unit.size(); ++i) {
        bytes += unit[i].record.size();
        unit[i].continues = i + 1 < unit.size();
        if (unit[i].continues) {
            mark_continued(unit[i].record);
        }
    }
    {
        const std::lock_guard lock(mutex_);
        if (queued_bytes_ + bytes > options_.queue_bytes_max && !queue_.empty()) {
            return Error(Code::ResourceExhausted, "WSP0005",
                         "too many rows wait for the disk: queued bytes " +
                             std::to_string(queued_bytes_))
                .with_retry_after_ms(100);
        }
        queued_bytes_ += bytes;
        std::move(unit.begin(), unit.end(), std::back_inserter(queue_));
    }
    grew_.notify_one();
    return {};
}

std::size_t IngestQueue::queued_bytes() const {
    const std::lock_guard lock(mutex_);
    return queued_bytes_;
}

std::vector<PendingBatch> IngestQueue::next_group(std::size_t last_group) {
    std::vector<PendingBatch> group;
    std::unique_lock lock(mutex_);
    grew_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (last_group > 1 && !stopping_) {
        grew_.wait_for(lock, std::chrono::microseconds(options_.group_commit_us),
                       [this] { return stopping_ || queued_bytes_ >= kGroupEnough; });
    }
    std::size_t bytes = 0;
    while (!queue_.empty() &&
           (bytes < kGroupBytesMax || (!group.empty() && group.back().continues))) {
        bytes += queue_.front().record.size();
        group.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    queued_bytes_ -= bytes;
    return group;
}

void IngestQueue::run() {
    std::size_t last_group = 0;
    while (true) {
        std::vector<PendingBatch> group = next_group(last_group);
        if (group.empty()) {
            return;
        }
        last_group = group.size();
        commit(std::move(group));
    }
}

void IngestQueue::commit(std::vector<PendingBatch> group) {
    std::vector<LogWriter::Entry> entries;
    entries.reserve(group.size());
    for (PendingBatch& batch : group) {
        entries.push_back({batch.table_id, &batch.record});
    }
    auto first = log_.append_group(entries);
    if (!first.ok()) {
        const Status failed = log_write_error(first.error());
        for (PendingBatch& batch : group) {
            if (batch.done) {
                batch.done(failed);
            }
        }
        return;
    }
    publish_(group, first.value());
    for (PendingBatch& batch : group) {
        if (batch.done) {
            batch.done({});
        }
    }
}

}  // namespace qd::workspace::internal
