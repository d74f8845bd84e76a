#include "encode.h"

#include "qd/codec/json.h"
#include "qd/codec/protowire.h"

#include <array>
#include <map>

namespace demo {

using qd::Random;
using qd::codec::ProtoWriter;

namespace {

struct ResultText {
    std::string_view code;
    std::string_view reason;
};
constexpr std::array<ResultText, 4> kResults = {{
    {"0", ""},
    {"50126", "Invalid username or password or Invalid on-premise username or password."},
    {"50074", "Strong Authentication is required."},
    {"50140", "This error occurred due to 'Keep me signed in' interrupt."},
}};
constexpr std::array<std::string_view, 6> kApps = {"Azure Portal",    "Office 365 Exchange Online",
                                                   "Microsoft Teams", "SharePoint Online",
                                                   "Grafana",         "kubectl"};
constexpr std::array<std::string_view, 4> kRoutes = {"/api/items", "/api/items/{id}", "/api/orders",
                                                     "/healthz"};

std::string guid_of(std::uint64_t seed) {
    qd::SeededEntropy entropy(seed);
    return qd::new_guid(entropy);
}

std::string address_text(std::uint32_t address) {
    return std::to_string(address >> 24) + "." + std::to_string(address >> 16 & 255) + "." +
           std::to_string(address >> 8 & 255) + "." + std::to_string(address & 255);
}

void member(std::string& out, std::string_view name, std::string_view text) {
    out += out.back() == '{' ? "\"" : ",\"";
    out += name;
    out += "\":";
    qd::codec::append_json_string(out, text);
}

std::string attribute(std::string_view key, std::string_view text) {
    ProtoWriter value;
    value.bytes(1, text);
    ProtoWriter pair;
    pair.bytes(1, key);
    pair.bytes(2, value.message());
    return pair.take();
}

std::string attribute(std::string_view key, std::uint64_t number) {
    ProtoWriter value;
    value.varint(3, number);
    ProtoWriter pair;
    pair.bytes(1, key);
    pair.bytes(2, value.message());
    return pair.take();
}

std::string random_bytes(Random& random, std::size_t size) {
    std::string out;
    while (out.size() < size) {
        const std::uint64_t word = random.next();
        for (unsigned i = 0; i < 8 && out.size() < size; ++i) {
            out += static_cast<char>(word >> (8 * i));
        }
    }
    out[0] = static_cast<char>(out[0] | 1);  // never all zero
    return out;
}

std::string encode_span(const ServiceRequest& request, Random& random) {
    const std::string_view route = kRoutes[random.below(kRoutes.size())];
    ProtoWriter span;
    span.bytes(1, random_bytes(random, 16));
    span.bytes(2, random_bytes(random, 8));
    span.bytes(5, "GET " + std::string(route));
    span.varint(6, 2);
    const auto start = static_cast<std::uint64_t>(request.time.unix_ns());
    span.fixed64(7, start);
    span.fixed64(8, start + static_cast<std::uint64_t>(request.duration_ms * 1e6F));
    span.bytes(9, attribute("http.request.method", "GET"));
    span.bytes(9, attribute("http.route", route));
    span.bytes(9, attribute("url.scheme", "https"));
    span.bytes(9, attribute("server.address", "shop.contoso.example"));
    span.bytes(9, attribute("url.path", route));
    span.bytes(9, attribute("http.response.status_code", request.failed ? 503U : 200U));
    ProtoWriter status;
    status.varint(3, request.failed ? 2 : 0);
    span.bytes(15, status.message());
    return span.take();
}

}  // namespace

void append_sign_in(std::string& out, const Scenario& scenario, std::size_t index) {
    const SignIn& one = scenario.sign_ins[index];
    const User& user = scenario.users[one.user];
    const City& city = cities()[one.city];
    const ResultText& result = kResults[one.result];
    const std::uint64_t salt = scenario.options.seed * 0x9E3779B97F4A7C15ULL + index;
    out += '{';
    member(out, "TimeGenerated", qd::format_timestamp(one.time));
    member(out, "Id", guid_of(salt));
    member(out, "CorrelationId", guid_of(~salt));
    member(out, "OperationName", "Sign-in activity");
    member(out, "Category", "SignInLogs");
    member(out, "UserPrincipalName", user.upn);
    member(out, "UserId", user.id);
    member(out, "UserDisplayName", user.display_name);
    member(out, "AppDisplayName", kApps[(index * 7 + one.user) % kApps.size()]);
    member(out, "ResultType", result.code);
    member(out, "ResultDescription", result.reason);
    member(out, "IPAddress", address_text(one.address));
    member(out, "Location", city.country);
    out += ",\"LocationDetails\":{\"city\":\"" + std::string(city.name) +
           "\",\"countryOrRegion\":\"" + std::string(city.country) +
           "\",\"geoCoordinates\":{\"latitude\":" + std::to_string(city.latitude) +
           ",\"longitude\":" + std::to_string(city.longitude) + "}}";
    out += ",\"DeviceDetail\":{\"operatingSystem\":\"Windows 11\",\"browser\":\"Edge 140\"}";
    member(out, "ClientAppUsed", user.service_account ? "Other clients" : "Browser");
    member(out, "AuthenticationRequirement",
           user.service_account ? "singleFactorAuthentication" : "multiFactorAuthentication");
    member(out, "ConditionalAccessStatus", one.result == 0 ? "success" : "notApplied");
    out += ",\"IsInteractive\":true,\"Status\":{\"errorCode\":" + std::string(result.code) + "}}";
}

std::string encode_requests(const Scenario& scenario, std::size_t begin, std::size_t end) {
    Random random(scenario.options.seed * 31 + begin);
    std::map<std::uint16_t, ProtoWriter> scopes;
    for (std::size_t i = begin; i < end; ++i) {
        scopes[scenario.requests[i].service].bytes(2, encode_span(scenario.requests[i], random));
    }
    ProtoWriter request;
    for (auto& [service, spans] : scopes) {
        const std::string& role = scenario.services[service];
        const std::size_t dot = role.find('.');
        ProtoWriter resource;
        resource.bytes(1, attribute("service.namespace", role.substr(0, dot)));
        resource.bytes(1, attribute("service.name", role.substr(dot + 1)));
        resource.bytes(1, attribute("service.instance.id", role + "-0"));
        resource.bytes(1, attribute("k8s.cluster.name", "aks-1"));
        ProtoWriter of_resource;
        of_resource.bytes(1, resource.message());
        of_resource.bytes(2, spans.message());
        request.bytes(1, of_resource.message());
    }
    return request.take();
}

}  // namespace demo
