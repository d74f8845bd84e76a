#pragma once

#include "qd/base/files.h"
#include "qd/base/result.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace qd::workspace::internal {

inline constexpr std::size_t kSegmentHeaderBytes = 32;

/// "00000000000000000042.log": a segment is named by the first sequence it may hold.
std::string segment_name(std::uint64_t first_sequence);
/// 0 when the name is none of a segment.
std::uint64_t segment_of_name(std::string_view name);
std::string encode_segment_header(std::uint64_t first_sequence, std::uint64_t previous_valid_bytes);
struct SegmentHeader {
    std::uint64_t first_sequence = 0;
    std::uint64_t previous_valid_bytes = 0;
};
std::optional<SegmentHeader> decode_segment_header(std::string_view bytes);

/// A segment file and what it holds of which table.
struct Segment {
    std::uint64_t first_sequence = 0;
    std::uint64_t bytes = 0;
    std::map<std::uint32_t, std::uint64_t> last_sequence_of;  // by table id
};

/// The growing end of the log. Threads: append_group() one at a time; the others any.
class LogWriter {
  public:
    /// `old_segments` are those that replay found; writing starts in a segment of its own.
    LogWriter(Files& files, std::string dir, std::size_t segment_bytes_max,
              std::vector<Segment> old_segments, std::uint64_t next_sequence);

    struct Entry {
        std::uint32_t table_id;
        std::string* record;  // from encode_record(); stamped here
    };
    /// Writes the records, gives them consecutive sequences from the returned one on, and syncs.
    /// On an error none of them is in the log.
    Result<std::uint64_t> append_group(std::span<const Entry> entries);

    std::uint64_t next_sequence() const;
    /// Sequences nothing else will get, from the returned one on.
    std::uint64_t reserve(std::uint64_t count);
    std::uint64_t total_bytes() const;
    /// Removes the segments, oldest first, of which no record is needed: all are before
    /// `end_sequence`, and `sealed(table)` is the last sequence of that table that is safe
    /// elsewhere.
    Status remove_sealed(std::uint64_t end_sequence,
                         const std::function<std::uint64_t(std::uint32_t)>& sealed);

  private:
    Status start_segment();
    Status write_all(std::span<const Entry> entries);
    void give_up_segment();

    Files& files_;
    const std::string dir_;
    const std::size_t segment_bytes_max_;
    std::unique_ptr<AppendFile> file_;
    std::uint64_t good_bytes_ = 0;  // of the current segment

    mutable std::mutex mutex_;
    std::vector<Segment> segments_;  // the last one is being written while file_ is there
    std::uint64_t next_sequence_;
};

}  // namespace qd::workspace::internal
