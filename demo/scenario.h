#pragma once

#include "qd/base/random.h"
#include "qd/base/time.h"

#include <cstdint>
#include <string>
#include <vector>

/// What happens in the demo's fourteen days: ordinary sign-ins and requests, and labelled incidents
/// among them. Everything follows from the seed.
namespace demo {

enum class IncidentKind : std::uint8_t {
    Burst,         // many failed sign-ins of one user
    Spray,         // one address tries many users
    Travel,        // two successes too far apart
    LatencyShift,  // a service becomes slow
    ErrorBurst,    // a service fails often for a short time
    SloBurn,       // a service fails a little for a long time
};
constexpr std::size_t kIncidentKinds = 6;
std::string_view incident_name(IncidentKind kind);

struct Incident {
    IncidentKind kind;
    std::string entity;  // user, address or service
    qd::Timestamp start;
    qd::Timestamp end;
};

struct City {
    std::string_view name;
    std::string_view country;
    double latitude;
    double longitude;
    std::uint8_t network;  // first byte of its addresses
};

struct User {
    std::string upn;
    std::string id;
    std::string display_name;
    std::size_t city;
    bool service_account;
    double failure_rate;
    double sign_ins_a_day;
};

struct SignIn {
    qd::Timestamp time;
    std::uint32_t user;
    std::uint32_t address;  // IPv4
    std::uint16_t city;
    std::uint16_t result;  // 0 success, 1 bad password, …: index into kResults
};

struct ServiceRequest {
    qd::Timestamp time;
    std::uint16_t service;
    bool failed;
    float duration_ms;
};

struct ScenarioOptions {
    std::uint64_t seed = 1;
    qd::Timestamp end;
    int days = 14;
    std::size_t users = 2000;
    std::size_t services = 12;
    double requests_a_minute = 2;
};

struct Scenario {
    ScenarioOptions options;
    qd::Timestamp start;
    std::vector<User> users;
    std::vector<std::string> services;
    std::vector<SignIn> sign_ins;          // by time
    std::vector<ServiceRequest> requests;  // by time
    std::vector<Incident> incidents;
};

const std::vector<City>& cities();
Scenario make_scenario(const ScenarioOptions& options);

}  // namespace demo
