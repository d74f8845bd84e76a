// The generator. Ordinary traffic first (a working day by the user's own clock, quiet week-ends,
// small constant failure rates; requests with a daily wave and log-normal durations), then the
// incidents on top. Incidents begin after the first week, so that rules that learn have something
// to learn from, and never share an entity, so that each detection has one cause.
#include "scenario.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace demo {

using qd::Random;
using qd::Ticks;
using qd::Timestamp;

namespace {

constexpr std::array<std::string_view, 24> kFirst = {
    "adele", "alex",   "carla", "diego", "emily", "grady", "henri", "isaiah",
    "johan", "joni",   "lee",   "lidia", "lynne", "megan", "miria", "nestor",
    "patti", "pradip", "rui",   "sana",  "tomas", "ulla",  "wen",   "yara"};
constexpr std::array<std::string_view, 24> kLast = {
    "vance",     "wilber",  "kovacs", "siciliani", "braun",   "archie", "ito",   "langer",
    "lorenz",    "sherman", "gu",     "holloway",  "robbins", "bowen",  "grau",  "wilke",
    "fernandez", "gupta",   "silva",  "ahmadi",    "novak",   "berg",   "zhang", "haddad"};
constexpr std::array<std::string_view, 12> kServices = {
    "shop.checkout", "shop.cart",   "shop.catalog", "shop.search", "pay.gateway", "pay.ledger",
    "ship.tracker",  "ship.labels", "id.profile",   "id.sessions", "core.notify", "core.media"};

double normal(Random& random) {
    const double u = std::max(random.unit(), 1e-12);
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * random.unit());
}

std::uint32_t address_in(const City& city, Random& random) {
    return std::uint32_t{city.network} << 24 | static_cast<std::uint32_t>(random.below(1 << 22));
}

/// Weight of an hour in the user's local day: a working day with shoulders.
double hour_weight(double local_hour) {
    return 0.04 + std::exp(-(local_hour - 11) * (local_hour - 11) / 18);
}

class Builder {
  public:
    explicit Builder(const ScenarioOptions& options) : random_(options.seed) {
        out_.options = options;
        out_.start = options.end - Ticks{options.days * Ticks::kDay};
    }

    Scenario build() {
        make_users();
        for (std::size_t i = 0; i < out_.options.services; ++i) {
            out_.services.emplace_back(kServices[i % kServices.size()]);
        }
        ordinary_sign_ins();
        inject_sign_in_incidents();
        plan_service_incidents();
        requests();
        std::sort(out_.sign_ins.begin(), out_.sign_ins.end(),
                  [](const SignIn& a, const SignIn& b) { return a.time < b.time; });
        std::sort(out_.incidents.begin(), out_.incidents.end(),
                  [](const Incident& a, const Incident& b) { return a.start < b.start; });
        return std::move(out_);
    }

  private:
    void make_users() {
        for (std::size_t i = 0; i < out_.options.users; ++i) {
            User user;
            const std::string_view first = kFirst[random_.below(kFirst.size())];
            const std::string_view last = kLast[random_.below(kLast.size())];
            user.service_account = i % 40 == 39;
            const std::string name = user.service_account
                                         ? "svc_" + std::string(last)
                                         : std::string(first) + "." + std::string(last);
            user.upn = name + std::to_string(i) + "@contoso.example";
            user.display_name = std::string(first) + " " + std::string(last);
            qd::SeededEntropy entropy(out_.options.seed * 1'000'003 + i);
            user.id = qd::new_guid(entropy);
            user.city = random_.below(cities().size());
            user.failure_rate = random_.below(100) < 3 ? 0.25 : 0.05;
            user.sign_ins_a_day = user.service_account ? 24 : 4 + 12 * random_.unit();
            out_.users.push_back(std::move(user));
        }
    }

    void ordinary_sign_ins() {
        for (std::uint32_t u = 0; u < out_.users.size(); ++u) {
            const User& user = out_.users[u];
            const City& city = cities()[user.city];
            const std::uint32_t office = address_in(city, random_);
            const std::uint32_t home = address_in(city, random_);
            const double zone = city.longitude / 15;
            for (int day = 0; day < out_.options.days; ++day) {
                const Timestamp midnight = out_.start + Ticks{day * Ticks::kDay};
                const std::int64_t weekday = midnight.ticks / Ticks::kDay % 7;  // 0 = Monday
                double wanted = user.sign_ins_a_day;
                if (!user.service_account && weekday >= 5) {
                    wanted *= 0.15;
                }
                const auto count = static_cast<int>(wanted + random_.unit());
                for (int i = 0; i < count; ++i) {
                    const double hour = draw_hour(user, zone);
                    SignIn one;
                    one.time =
                        midnight +
                        Ticks{static_cast<std::int64_t>(hour * static_cast<double>(Ticks::kHour))};
                    one.user = u;
                    one.address = random_.below(4) == 0 ? home : office;
                    one.city = static_cast<std::uint16_t>(user.city);
                    one.result = random_.unit() < user.failure_rate
                                     ? static_cast<std::uint16_t>(1 + random_.below(3))
                                     : std::uint16_t{0};
                    out_.sign_ins.push_back(one);
                }
            }
        }
    }

    double draw_hour(const User& user, double zone) {
        while (true) {
            const double hour = 24 * random_.unit();
            if (user.service_account) {
                return hour;
            }
            double local = std::fmod(hour + zone + 48, 24);
            if (random_.unit() < hour_weight(local)) {
                return hour;
            }
        }
    }

    /// A time in the second half of the period that leaves room behind it.
    Timestamp incident_time() {
        const double half = static_cast<double>(out_.options.days) / 2;
        const double day = half + (half - 0.6) * random_.unit();
        return out_.start +
               Ticks{static_cast<std::int64_t>(day * static_cast<double>(Ticks::kDay))};
    }

    /// A person no other incident has used.
    std::uint32_t fresh_user() {
        while (true) {
            const auto u = static_cast<std::uint32_t>(random_.below(out_.users.size()));
            if (!out_.users[u].service_account &&
                std::find(used_.begin(), used_.end(), u) == used_.end()) {
                used_.push_back(u);
                return u;
            }
        }
    }

    void add(Timestamp time, std::uint32_t user, std::uint32_t address, std::size_t city,
             std::uint16_t result) {
        out_.sign_ins.push_back({.time = time,
                                 .user = user,
                                 .address = address,
                                 .city = static_cast<std::uint16_t>(city),
                                 .result = result});
    }

    void inject_sign_in_incidents() {
        for (int i = 0; i < 3; ++i) {
            const std::uint32_t user = fresh_user();
            const std::size_t city = out_.users[user].city;
            const Timestamp start = incident_time();
            const std::uint32_t address = address_in(cities()[city], random_);
            for (int k = 0; k < 60; ++k) {
                add(start + Ticks{k * 10 * Ticks::kSecond}, user, address, city, 1);
            }
            out_.incidents.push_back({.kind = IncidentKind::Burst,
                                      .entity = out_.users[user].upn,
                                      .start = start,
                                      .end = start + Ticks{10 * Ticks::kMinute}});
        }
        for (int i = 0; i < 2; ++i) {
            const Timestamp start = incident_time();
            const std::uint32_t address =
                203U << 24 | 113U << 8 | static_cast<std::uint32_t>(7 + i);
            for (int k = 0; k < 90; ++k) {
                const auto victim = static_cast<std::uint32_t>(random_.below(out_.users.size()));
                add(start + Ticks{k * 13 * Ticks::kSecond}, victim, address, 0, 1);
            }
            out_.incidents.push_back({.kind = IncidentKind::Spray,
                                      .entity = address_text(address),
                                      .start = start,
                                      .end = start + Ticks{20 * Ticks::kMinute}});
        }
        for (int i = 0; i < 3; ++i) {
            const std::uint32_t user = fresh_user();
            const std::size_t home = out_.users[user].city;
            const std::size_t far = farthest_from(home);
            const Timestamp start = incident_time();
            add(start, user, address_in(cities()[home], random_), home, 0);
            const Timestamp end = start + Ticks{35 * Ticks::kMinute};
            add(end, user, address_in(cities()[far], random_), far, 0);
            out_.incidents.push_back({.kind = IncidentKind::Travel,
                                      .entity = out_.users[user].upn,
                                      .start = start,
                                      .end = end});
        }
    }

    static std::size_t farthest_from(std::size_t home) {
        std::size_t best = 0;
        double most = -1;
        for (std::size_t i = 0; i < cities().size(); ++i) {
            const double d = std::abs(cities()[i].longitude - cities()[home].longitude) +
                             std::abs(cities()[i].latitude - cities()[home].latitude);
            if (d > most) {
                most = d;
                best = i;
            }
        }
        return best;
    }

    static std::string address_text(std::uint32_t address) {
        return std::to_string(address >> 24) + "." + std::to_string(address >> 16 & 255) + "." +
               std::to_string(address >> 8 & 255) + "." + std::to_string(address & 255);
    }

    void plan_service_incidents() {
        static constexpr std::pair<IncidentKind, std::int64_t> kPlan[] = {
            {IncidentKind::LatencyShift, 45},
            {IncidentKind::LatencyShift, 45},
            {IncidentKind::ErrorBurst, 20},
            {IncidentKind::ErrorBurst, 20},
            {IncidentKind::SloBurn, 120}};
        std::size_t service = 0;
        for (const auto& [kind, minutes] : kPlan) {
            const Timestamp start = incident_time();
            out_.incidents.push_back({.kind = kind,
                                      .entity = out_.services[service % out_.services.size()],
                                      .start = start,
                                      .end = start + Ticks{minutes * Ticks::kMinute}});
            service += 2;
        }
    }

    const Incident* incident_of(std::size_t service, Timestamp time) const {
        for (const Incident& incident : out_.incidents) {
            if (incident.entity == out_.services[service] && time >= incident.start &&
                time < incident.end) {
                return &incident;
            }
        }
        return nullptr;
    }

    void requests() {
        const std::int64_t minutes = std::int64_t{out_.options.days} * 24 * 60;
        for (std::int64_t minute = 0; minute < minutes; ++minute) {
            const Timestamp base = out_.start + Ticks{minute * Ticks::kMinute};
            const double phase = static_cast<double>(minute % 1440) / 1440;
            const double wave = 1 + 0.4 * std::sin(2 * std::numbers::pi * (phase - 0.25));
            for (std::uint16_t s = 0; s < out_.services.size(); ++s) {
                const auto count =
                    static_cast<int>(out_.options.requests_a_minute * wave + random_.unit());
                for (int i = 0; i < count; ++i) {
                    const Timestamp time =
                        base + Ticks{static_cast<std::int64_t>(
                                   random_.unit() * static_cast<double>(Ticks::kMinute))};
                    out_.requests.push_back(request_at(s, time, wave));
                }
            }
        }
        std::sort(out_.requests.begin(), out_.requests.end(),
                  [](const ServiceRequest& a, const ServiceRequest& b) { return a.time < b.time; });
    }

    ServiceRequest request_at(std::uint16_t service, Timestamp time, double wave) {
        double median = 60 + 20.0 * (service % 6);
        double failure = 0.0005;
        if (const Incident* incident = incident_of(service, time)) {
            if (incident->kind == IncidentKind::LatencyShift) {
                median *= 4;
            } else {
                failure = incident->kind == IncidentKind::ErrorBurst ? 0.4 : 0.08;
            }
        }
        ServiceRequest out;
        out.time = time;
        out.service = service;
        out.failed = random_.unit() < failure;
        out.duration_ms =
            static_cast<float>(median * (0.9 + 0.1 * wave) * std::exp(0.3 * normal(random_)));
        return out;
    }

    Random random_;
    Scenario out_;
    std::vector<std::uint32_t> used_;
};

}  // namespace

std::string_view incident_name(IncidentKind kind) {
    static constexpr std::array<std::string_view, kIncidentKinds> kNames = {
        "burst", "spray", "travel", "latency_shift", "error_burst", "slo_burn"};
    return kNames[static_cast<std::size_t>(kind)];
}

const std::vector<City>& cities() {
    static const std::vector<City> kCities = {
        {"Zurich", "CH", 47.37, 8.54, 81},     {"Berlin", "DE", 52.52, 13.40, 82},
        {"London", "GB", 51.51, -0.13, 83},    {"Lisbon", "PT", 38.72, -9.14, 84},
        {"New York", "US", 40.71, -74.01, 50}, {"Austin", "US", 30.27, -97.74, 51},
        {"Seattle", "US", 47.61, -122.33, 52}, {"Toronto", "CA", 43.65, -79.38, 53},
        {"Bengaluru", "IN", 12.97, 77.59, 61}, {"Singapore", "SG", 1.35, 103.82, 62},
        {"Tokyo", "JP", 35.68, 139.69, 63},    {"Sydney", "AU", -33.87, 151.21, 64}};
    return kCities;
}

Scenario make_scenario(const ScenarioOptions& options) {
    return Builder(options).build();
}

}  // namespace demo
