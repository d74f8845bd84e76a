#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::kql {

/// The offsets of one time zone through the years, from the system's zoneinfo (RFC 8536, version
/// 2 block), the footer's yearly rule spelled out up to 2200.
class TimeZone {
  public:
    /// Nothing when the bytes are no zoneinfo file.
    static std::optional<TimeZone> parse(std::string_view tzif);

    /// Ticks in, ticks out. A wall-clock time that occurs twice is the first of the two; one that
    /// is skipped is read with the offset behind the gap, as the engine does.
    std::int64_t to_local(std::int64_t utc_ticks) const;
    std::int64_t to_utc(std::int64_t local_ticks) const;

  private:
    struct Change {
        std::int64_t at = 0;  // unix seconds
        std::int32_t offset = 0;
    };
    std::int32_t offset_at(std::int64_t unix_seconds) const;
    std::int32_t initial_ = 0;
    std::vector<Change> changes_;
};

/// Zones by name, read once each. Threads: any.
class TimeZoneCache {
  public:
    /// Null when there is no such zone.
    const TimeZone* find(std::string_view name);

  private:
    std::mutex mutex_;
    std::map<std::string, std::unique_ptr<TimeZone>, std::less<>> zones_;
};

std::vector<std::string> time_zone_names();

}  // namespace qd::kql
