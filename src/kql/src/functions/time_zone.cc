#include "functions/time_zone.h"

#include "functions/calendar.h"
#include "qd/base/time.h"

#include <algorithm>
#include <fstream>
#include <iterator>

// Time zones from the system's database. The standard library at hand has no chrono zones, and
// localtime() knows only one zone per process, so the files are read directly: a list of instants
// at which the offset changes, and a footer rule in POSIX TZ form for the years after.
// Source: RFC 8536.

namespace qd::kql {
namespace {

constexpr std::string_view kDirectory = "/usr/share/zoneinfo/";

std::int64_t read_big_endian(std::string_view bytes, std::size_t at, std::size_t width) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
        value = value << 8U | static_cast<std::uint8_t>(bytes[at + i]);
    }
    if (width < 8 && (value >> (width * 8 - 1)) != 0) {
        value |= ~std::uint64_t{0} << (width * 8);
    }
    return static_cast<std::int64_t>(value);
}

struct Header {
    std::size_t isutc = 0;
    std::size_t isstd = 0;
    std::size_t leap = 0;
    std::size_t time = 0;
    std::size_t type = 0;
    std::size_t chars = 0;
    std::size_t block_size(std::size_t time_width) const {
        return time * time_width + time + type * 6 + chars + leap * (time_width + 4) + isstd +
               isutc;
    }
};

std::optional<Header> read_header(std::string_view bytes, std::size_t at) {
    if (bytes.size() < at + 44 || bytes.substr(at, 4) != "TZif") {
        return std::nullopt;
    }
    const auto count = [&](std::size_t i) {
        return static_cast<std::size_t>(read_big_endian(bytes, at + 20 + i * 4, 4));
    };
    const Header header{count(0), count(1), count(2), count(3), count(4), count(5)};
    if (header.time > 10'000 || header.type > 256 || header.type == 0 || header.chars > 10'000 ||
        header.leap > 10'000 || header.isstd > 256 || header.isutc > 256) {
        return std::nullopt;
    }
    return header;
}

/// One "Mm.w.d[/time]" of a POSIX rule.
struct YearlyChange {
    int month = 0;
    int week = 0;
    int weekday = 0;
    int seconds = 7200;
};

class RuleReader {
  public:
    explicit RuleReader(std::string_view text) : text_(text) {}
    bool done() const { return at_ >= text_.size(); }
    bool take(char c) {
        if (done() || text_[at_] != c) {
            return false;
        }
        ++at_;
        return true;
    }
    void skip_name() {
        if (take('<')) {
            while (!done() && !take('>')) {
                ++at_;
            }
            return;
        }
        while (!done() && ((text_[at_] | 0x20) >= 'a' && (text_[at_] | 0x20) <= 'z')) {
            ++at_;
        }
    }
    int number() {
        int value = 0;
        while (!done() && text_[at_] >= '0' && text_[at_] <= '9' && value < 100'000) {
            value = value * 10 + (text_[at_++] - '0');
        }
        return value;
    }
    /// [+-]hh[:mm[:ss]] in seconds.
    int clock() {
        const bool minus = take('-');
        if (!minus) {
            take('+');
        }
        int seconds = number() * 3600;
        if (take(':')) {
            seconds += number() * 60;
            if (take(':')) {
                seconds += number();
            }
        }
        return minus ? -seconds : seconds;
    }
    bool offset_ahead() const {
        return !done() &&
               (text_[at_] == '+' || text_[at_] == '-' || (text_[at_] >= '0' && text_[at_] <= '9'));
    }
    std::optional<YearlyChange> change() {
        if (!take(',') || !take('M')) {
            return std::nullopt;
        }
        YearlyChange c;
        c.month = number();
        take('.');
        c.week = number();
        take('.');
        c.weekday = number();
        if (take('/')) {
            c.seconds = clock();
        }
        if (c.month < 1 || c.month > 12 || c.week < 1 || c.week > 5 || c.weekday > 6) {
            return std::nullopt;
        }
        return c;
    }

  private:
    std::string_view text_;
    std::size_t at_ = 0;
};

/// Local wall-clock second (since 1970) of a yearly change.
std::int64_t local_second(const YearlyChange& change, int year) {
    const std::int64_t first = days_from_civil({year, change.month, 1});
    const std::int64_t weekday_of_first = (first + 1) % 7;  // Sunday is 0
    std::int64_t day = first + (change.weekday - weekday_of_first + 7) % 7 + (change.week - 1) * 7;
    const std::int64_t next = change.month == 12 ? days_from_civil({year + 1, 1, 1})
                                                 : days_from_civil({year, change.month + 1, 1});
    while (day >= next) {
        day -= 7;
    }
    return day * 86'400 + change.seconds - Timestamp::kUnixEpochTicks / Ticks::kSecond;
}

}  // namespace

std::optional<TimeZone> TimeZone::parse(std::string_view tzif) {
    const auto first = read_header(tzif, 0);
    if (!first) {
        return std::nullopt;
    }
    const std::size_t second_at = 44 + first->block_size(4);
    const auto header = read_header(tzif, second_at);
    if (!header || tzif.size() < second_at + 44 + header->block_size(8)) {
        return std::nullopt;
    }
    const std::size_t times = second_at + 44;
    const std::size_t indices = times + header->time * 8;
    const std::size_t types = indices + header->time;
    const auto offset_of = [&](std::size_t type) {
        return type < header->type
                   ? static_cast<std::int32_t>(read_big_endian(tzif, types + type * 6, 4))
                   : 0;
    };
    TimeZone zone;
    zone.initial_ = offset_of(0);
    for (std::size_t i = 0; i < header->time; ++i) {
        zone.changes_.push_back({read_big_endian(tzif, times + i * 8, 8),
                                 offset_of(static_cast<std::uint8_t>(tzif[indices + i]))});
    }
    std::string_view footer = tzif.substr(second_at + 44 + header->block_size(8));
    if (footer.size() < 2) {
        return zone;
    }
    RuleReader rule(footer.substr(1, footer.find('\n', 1) - 1));
    rule.skip_name();
    const int standard = -rule.clock();
    if (rule.done()) {
        return zone;
    }
    rule.skip_name();
    const int summer = rule.offset_ahead() ? -rule.clock() : standard + 3600;
    const auto start = rule.change();
    const auto end = rule.change();
    if (!start || !end) {
        return zone;
    }
    const std::int64_t last = zone.changes_.empty() ? INT64_MIN : zone.changes_.back().at;
    for (int year = 1970; year <= 2200; ++year) {
        Change to_summer{local_second(*start, year) - standard, summer};
        Change to_standard{local_second(*end, year) - summer, standard};
        if (to_standard.at < to_summer.at) {
            std::swap(to_summer, to_standard);
        }
        for (const Change& change : {to_summer, to_standard}) {
            if (change.at > last) {
                zone.changes_.push_back(change);
            }
        }
    }
    return zone;
}

std::int32_t TimeZone::offset_at(std::int64_t unix_seconds) const {
    const auto next =
        std::upper_bound(changes_.begin(), changes_.end(), unix_seconds,
                         [](std::int64_t at, const Change& change) { return at < change.at; });
    return next == changes_.begin() ? initial_ : std::prev(next)->offset;
}

std::int64_t TimeZone::to_local(std::int64_t utc_ticks) const {
    const std::int64_t seconds =
        floor_divide(utc_ticks - Timestamp::kUnixEpochTicks, Ticks::kSecond);
    return utc_ticks + offset_at(seconds) * Ticks::kSecond;
}

std::int64_t TimeZone::to_utc(std::int64_t local_ticks) const {
    const std::int64_t local =
        floor_divide(local_ticks - Timestamp::kUnixEpochTicks, Ticks::kSecond);
    // The offset in force a day before settles which side of a change the clock is on.
    const std::int32_t before = offset_at(local - 86'400);
    const std::int32_t after = offset_at(local - before);
    return local_ticks - after * Ticks::kSecond;
}

const TimeZone* TimeZoneCache::find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto known = zones_.find(name);
    if (known != zones_.end()) {
        return known->second.get();
    }
    std::unique_ptr<TimeZone> zone;
    const bool plain = !name.empty() && name.size() < 64 && name.front() != '/' &&
                       name.find("..") == std::string_view::npos &&
                       std::all_of(
                           name.begin(), name.end(),
                           [](char c) {
                               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                      (c >= '0' && c <= '9') || c == '/' || c == '_' || c == '-' ||
                                      c == '+';
                           });
    if (plain) {
        std::ifstream file(std::string(kDirectory) + std::string(name), std::ios::binary);
        const std::string bytes{std::istreambuf_iterator<char>(file),
                                std::istreambuf_iterator<char>()};
        if (auto parsed = TimeZone::parse(bytes)) {
            zone = std::make_unique<TimeZone>(std::move(*parsed));
        }
    }
    return zones_.emplace(std::string(name), std::move(zone)).first->second.get();
}

std::vector<std::string> time_zone_names() {
    std::vector<std::string> names;
    std::ifstream file(std::string(kDirectory) + "tzdata.zi");
    std::string line;
    while (std::getline(file, line)) {
        // "Z name offset …" is a zone, "L target name" an alias.
        if (line.starts_with("Z ")) {
            names.push_back(line.substr(2, line.find(' ', 2) - 2));
        } else if (line.starts_with("L ")) {
            names.push_back(line.substr(line.rfind(' ') + 1));
        }
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace qd::kql
