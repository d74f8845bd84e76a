#include "query_log.h"

namespace qd::query {

std::string QueryRecord::state() const {
    return !ended                              ? "InProgress"
           : failure.empty()                   ? "Completed"
           : failure_id == "E_QUERY_CANCELLED" ? "Canceled"
                                               : "Failed";
}

QueryLog::Running& QueryLog::begin(QueryRecord record) {
    if (record.text.size() > kTextBytesMax) {
        std::size_t end = kTextBytesMax;
        while (end > 0 && (static_cast<unsigned char>(record.text[end]) & 0xC0U) == 0x80U) {
            --end;  // not inside a character
        }
        record.text.resize(end);
    }
    const std::lock_guard lock(mutex_);
    Running& running = running_.emplace_back();
    running.record_ = std::move(record);
    running.place_ = std::prev(running_.end());
    return running;
}

QueryRecord QueryLog::finish(Running& running, Timestamp ended,
                             const Result<kql::QueryResult>& result) {
    const std::lock_guard lock(mutex_);
    QueryRecord record = std::move(running.record_);
    running_.erase(running.place_);
    record.ended = ended;
    if (result.ok()) {
        record.stats = result.value().stats;
        for (const kql::ResultTable& table : result.value().tables) {
            record.rows += table.rows();
        }
        if (result.value().partial) {
            record.failure = result.value().partial->message();
            record.failure_id = result.value().partial->id();
        }
    } else {
        record.stats.elapsed_ns = (ended.ticks - record.started.ticks) * 100;
        record.failure = result.error().message();
        record.failure_id = result.error().id();
    }
    done_.push_back(record);
    if (done_.size() > kRecordsMax) {
        done_.pop_front();
    }
    return record;
}

std::vector<QueryRecord> QueryLog::running() const {
    const std::lock_guard lock(mutex_);
    std::vector<QueryRecord> out;
    for (auto at = running_.rbegin(); at != running_.rend(); ++at) {
        out.push_back(at->record_);
    }
    return out;
}

std::vector<QueryRecord> QueryLog::all() const {
    std::vector<QueryRecord> out = running();
    const std::lock_guard lock(mutex_);
    out.insert(out.end(), done_.rbegin(), done_.rend());
    return out;
}

std::size_t QueryLog::cancel(std::string_view id) {
    const std::lock_guard lock(mutex_);
    std::size_t told = 0;
    for (Running& running : running_) {
        const QueryOrigin& origin = running.record_.origin;
        if (!id.empty() && (origin.client_request_id == id || origin.activity_id == id)) {
            running.cancel_.store(true);
            ++told;
        }
    }
    return told;
}

}  // namespace qd::query
