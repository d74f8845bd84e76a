// Reading the log after a start.
//
// Bytes that are no whole record mean one of three things. At the end of the last segment: a write
// that the crash cut short; nobody was told it succeeded, so it is cut off. Behind the place that
// the next segment's header names as its predecessor's valid end: a group that was refused.
// A record that is marked as continued counts with the one behind it: such a unit is torn when its
// last record is missing. Anywhere else: damage to rows that may have been acknowledged, which is
// reported and stepped over, because a server that starts with a stated loss serves people better
// than one that does not start.
#include "log/replay.h"

#include <algorithm>

namespace qd::workspace::internal {

namespace {

struct SegmentFile {
    std::uint64_t first_sequence;
    std::string path;
    std::shared_ptr<const MappedFile> file;
    std::optional<SegmentHeader> header;
};

void report_damage(Log& log, ReplayReport& report, const std::string& path, std::size_t offset,
                   std::size_t bytes) {
    ++report.damaged_places;
    report.damaged_bytes += bytes;
    log.error("a part of the log is damaged and its rows are lost",
              {{"file", path},
               {"offset", static_cast<std::int64_t>(offset)},
               {"bytes", static_cast<std::int64_t>(bytes)}});
}

// Walks the records of one segment up to `limit`; returns where the whole units end.
std::size_t walk(Log& log, const SegmentFile& segment, std::size_t limit, ReplayReport& report,
                 Segment& out, const std::function<void(const RecordView&)>& on_record) {
    const std::string_view bytes = segment.file->bytes().substr(0, limit);
    std::size_t at = std::min(kSegmentHeaderBytes, bytes.size());
    if (!segment.header) {
        report_damage(log, report, segment.path, 0, at);
    }
    std::vector<std::pair<std::size_t, RecordView>> unit;  // held back, with their places
    const auto hand_on = [&] {
        for (const auto& [place, record] : unit) {
            report.last_sequence = record.sequence;
            ++report.records;
            out.last_sequence_of[record.table_id] = record.sequence;
            on_record(record);
        }
        unit.clear();
    };
    while (at < bytes.size()) {
        const auto record = find_record(bytes.substr(at));
        if (!record) {
            const std::size_t next = search_record(bytes, at + 1);
            if (next == std::string_view::npos) {
                return unit.empty() ? at : unit.front().first;
            }
            hand_on();  // what is left of a damaged unit was acknowledged
            report_damage(log, report, segment.path, at, next - at);
            at = next;
            continue;
        }
        if (record->sequence > report.last_sequence) {
            unit.emplace_back(at, *record);
            if (!record->continued()) {
                hand_on();
            }
        }
        at += record->total_bytes;
    }
    return unit.empty() ? at : unit.front().first;
}

Status cut_off(Files& files, Log& log, const SegmentFile& segment, std::size_t at,
               ReplayReport& report) {
    const std::size_t torn = segment.file->bytes().size() - at;
    report.torn_bytes += torn;
    log.warn("the end of the log was torn and is cut off",
             {{"file", segment.path},
              {"offset", static_cast<std::int64_t>(at)},
              {"bytes", static_cast<std::int64_t>(torn)}});
    QD_TRY(const auto file, files.open_append(segment.path));
    QD_CHECK_OK(file->truncate(at));
    return file->sync();
}

}  // namespace

Result<ReplayReport> replay_log(Files& files, Log& log, const std::string& dir,
                                const std::function<void(const RecordView&)>& on_record) {
    ReplayReport report;
    std::vector<SegmentFile> found;
    QD_TRY(const auto names, files.list(dir));
    for (const std::string& name : names) {
        if (const std::uint64_t first = segment_of_name(name); first != 0) {
            SegmentFile segment{first, dir + "/" + name, nullptr, std::nullopt};
            QD_TRY(segment.file, files.map(segment.path));
            segment.header = decode_segment_header(segment.file->bytes());
            found.push_back(std::move(segment));
        }
    }
    // A last segment without a whole header was never written to: its start was cut short.
    if (!found.empty() && !found.back().header &&
        search_record(found.back().file->bytes(), 0) == std::string_view::npos) {
        report.torn_bytes += found.back().file->bytes().size();
        QD_CHECK_OK(files.remove(found.back().path));
        found.pop_back();
    }
    for (std::size_t i = 0; i < found.size(); ++i) {
        const SegmentFile& segment = found[i];
        const std::size_t size = segment.file->bytes().size();
        const bool last = i + 1 == found.size();
        std::size_t limit = size;
        if (!last && found[i + 1].header && found[i + 1].header->previous_valid_bytes > 0) {
            limit = std::min<std::size_t>(size, found[i + 1].header->previous_valid_bytes);
        }
        Segment out{segment.first_sequence, 0, {}};
        const std::size_t end = walk(log, segment, limit, report, out, on_record);
        out.bytes = end;
        if (end < limit && last) {
            QD_CHECK_OK(cut_off(files, log, segment, end, report));
        } else if (end < limit) {
            report_damage(log, report, segment.path, end, limit - end);
        }
        report.segments.push_back(std::move(out));
    }
    return report;
}

}  // namespace qd::workspace::internal
