#pragma once

#include "log/log_writer.h"
#include "log/record.h"
#include "qd/base/files.h"
#include "qd/base/log.h"
#include "qd/base/result.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace qd::workspace::internal {

struct ReplayReport {
    std::vector<Segment> segments;
    std::uint64_t last_sequence = 0;
    std::uint64_t records = 0;
    std::uint64_t torn_bytes = 0;     // cut off the end: never acknowledged
    std::uint64_t damaged_bytes = 0;  // inside the log: rows may be lost
    std::uint64_t damaged_places = 0;
};

/// Reads every record of the log in order and hands it on; cuts a torn end off the last segment.
/// Damage does not stop it: the place is logged, the next whole record found, and the loss counted.
/// Errors: those of Files only.
Result<ReplayReport> replay_log(Files& files, Log& log, const std::string& dir,
                                const std::function<void(const RecordView&)>& on_record);

}  // namespace qd::workspace::internal
