// The growing end of the log.
//
// A group of records is written and synced as one. When that fails, the file is cut back to its
// last good end; when even that fails, the segment is left behind as it is and the next group opens
// a new one whose header tells how much of its predecessor counts. So a batch that was refused
// cannot come back after a restart, and a full disk or a passing I/O error heals by itself.
#include "log/log_writer.h"

#include "extent/byte_io.h"
#include "log/record.h"

#include <xxhash.h>

#include <array>
#include <charconv>
#include <cstring>

namespace qd::workspace::internal {

namespace {

constexpr char kSegmentMagic[9] = "QDLOG001";
constexpr std::size_t kNameDigits = 20;
constexpr std::size_t kWriteBytes = 1 << 20;  // small records are joined up to here

}  // namespace

std::string segment_name(std::uint64_t first_sequence) {
    const std::string digits = std::to_string(first_sequence);
    return std::string(kNameDigits - digits.size(), '0') + digits + ".log";
}

std::uint64_t segment_of_name(std::string_view name) {
    std::uint64_t sequence = 0;
    if (name.size() != kNameDigits + 4 || name.substr(kNameDigits) != ".log") {
        return 0;
    }
    const char* end = name.data() + kNameDigits;
    const auto [at, error] = std::from_chars(name.data(), end, sequence);
    return error == std::errc() && at == end ? sequence : 0;
}

std::string encode_segment_header(std::uint64_t first_sequence,
                                  std::uint64_t previous_valid_bytes) {
    std::string out(kSegmentMagic, 8);
    ByteWriter w(out);
    w.fixed(first_sequence);
    w.fixed(previous_valid_bytes);
    w.fixed(static_cast<std::uint64_t>(XXH3_64bits(out.data(), out.size())));
    return out;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes) {
    if (bytes.size() < kSegmentHeaderBytes ||
        bytes.substr(0, 8) != std::string_view(kSegmentMagic, 8)) {
        return std::nullopt;
    }
    ByteReader r(bytes.substr(8));
    SegmentHeader header;
    header.first_sequence = r.fixed<std::uint64_t>();
    header.previous_valid_bytes = r.fixed<std::uint64_t>();
    if (r.fixed<std::uint64_t>() != XXH3_64bits(bytes.data(), 24)) {
        return std::nullopt;
    }
    return header;
}

LogWriter::LogWriter(Files& files, std::string dir, std::size_t segment_bytes_max,
                     std::vector<Segment> old_segments, std::uint64_t next_sequence)
    : files_(files),
      dir_(std::move(dir)),
      segment_bytes_max_(segment_bytes_max),
      segments_(std::move(old_segments)),
      next_sequence_(next_sequence) {}

Status LogWriter::start_segment() {
    std::uint64_t first = 0;
    std::uint64_t previous_valid_bytes = 0;
    {
        const std::lock_guard lock(mutex_);
        first = next_sequence_;
        if (!segments_.empty() && segments_.back().first_sequence == first) {
            segments_.pop_back();  // it holds nothing and is written anew
        }
        previous_valid_bytes = segments_.empty() ? 0 : segments_.back().bytes;
    }
    const std::string path = dir_ + "/" + segment_name(first);
    // A file of that name can only be left from an attempt that failed: nothing in it counts.
    QD_TRY(auto file, files_.open_append(path));
    QD_CHECK_OK(file->truncate(0));
    QD_CHECK_OK(file->append(encode_segment_header(first, previous_valid_bytes)));
    QD_CHECK_OK(file->sync());
    QD_CHECK_OK(files_.sync_dir(dir_));
    file_ = std::move(file);
    good_bytes_ = kSegmentHeaderBytes;
    const std::lock_guard lock(mutex_);
    segments_.push_back({first, good_bytes_, {}});
    return {};
}

Status LogWriter::write_all(std::span<const Entry> entries) {
    std::string joined;
    for (const Entry& entry : entries) {
        if (joined.size() + entry.record->size() <= kWriteBytes) {
            joined += *entry.record;
            continue;
        }
        if (!joined.empty()) {
            QD_CHECK_OK(file_->append(joined));
            joined.clear();
        }
        if (entry.record->size() <= kWriteBytes / 4) {
            joined = *entry.record;
        } else {
            QD_CHECK_OK(file_->append(*entry.record));
        }
    }
    if (!joined.empty()) {
        QD_CHECK_OK(file_->append(joined));
    }
    return file_->sync();
}

void LogWriter::give_up_segment() {
    const bool healed = file_->truncate(good_bytes_).ok() && file_->sync().ok();
    if (!healed) {
        file_.reset();
    }
}

Result<std::uint64_t> LogWriter::append_group(std::span<const Entry> entries) {
    if (file_ && good_bytes_ >= segment_bytes_max_) {
        file_.reset();
    }
    if (!file_) {
        QD_CHECK_OK(start_segment());
    }
    const std::uint64_t first = reserve(entries.size());
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        stamp_record(*entries[i].record, first + i);
        bytes += entries[i].record->size();
    }
    if (Status written = write_all(entries); !written.ok()) {
        give_up_segment();
        return std::move(written).error();
    }
    good_bytes_ += bytes;
    const std::lock_guard lock(mutex_);
    Segment& segment = segments_.back();
    segment.bytes = good_bytes_;
    for (std::size_t i = 0; i < entries.size(); ++i) {
        segment.last_sequence_of[entries[i].table_id] = first + i;
    }
    return first;
}

std::uint64_t LogWriter::reserve(std::uint64_t count) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t first = next_sequence_;
    next_sequence_ += count;
    return first;
}

std::uint64_t LogWriter::next_sequence() const {
    const std::lock_guard lock(mutex_);
    return next_sequence_;
}

std::uint64_t LogWriter::total_bytes() const {
    const std::lock_guard lock(mutex_);
    std::uint64_t total = 0;
    for (const Segment& segment : segments_) {
        total += segment.bytes;
    }
    return total;
}

Status LogWriter::remove_sealed(std::uint64_t end_sequence,
                                const std::function<std::uint64_t(std::uint32_t)>& sealed) {
    while (true) {
        std::uint64_t first = 0;
        {
            const std::lock_guard lock(mutex_);
            if (segments_.size() < 2) {
                return {};  // the last one is being written
            }
            const Segment& oldest = segments_.front();
            for (const auto& [table, last] : oldest.last_sequence_of) {
                if (last >= end_sequence || last > sealed(table)) {
                    return {};
                }
            }
            first = oldest.first_sequence;
        }
        QD_CHECK_OK(files_.remove(dir_ + "/" + segment_name(first)));
        const std::lock_guard lock(mutex_);
        segments_.erase(segments_.begin());
    }
}

}  // namespace qd::workspace::internal
