#include "report.h"

#include "qd/codec/json.h"

#include <algorithm>
#include <cstdio>
#include <optional>

namespace demo {

using qd::Ticks;
using qd::Timestamp;
using qd::Value;

namespace {

/// How long after its end an incident may still make its rule fire: the rule's window plus its
/// schedule. Service rules look back an hour, travel is judged on the second sign-in.
Ticks slack(IncidentKind) {
    return Ticks{75 * Ticks::kMinute};
}

bool same_entity(const Incident& incident, const ReceivedAlert& alert) {
    return incident.entity == alert.entity;
}

bool in_time(const Incident& incident, Timestamp at) {
    return at >= incident.start && at <= incident.end + slack(incident.kind);
}

std::string short_time(Timestamp t) {
    return qd::format_timestamp(t).substr(5, 11).replace(5, 1, " ");
}

std::string delay_text(Ticks delay) {
    const std::int64_t minutes = delay.count / Ticks::kMinute;
    return std::to_string(minutes / 60) + " h " + std::to_string(minutes % 60) + " min";
}

}  // namespace

void AlertInbox::take(const std::string& body) {
    const auto parsed = qd::codec::parse_json(body);
    const Value* essentials = parsed.ok() ? parsed.value().at({"data", "essentials"}) : nullptr;
    const std::lock_guard lock(mutex_);
    if (essentials == nullptr) {
        ++malformed_;
        return;
    }
    const auto text = [](const Value* value) {
        return std::string(value == nullptr ? "" : value->string_or(""));
    };
    if (text(essentials->get("monitorCondition")) == "Resolved") {
        ++resolved_;
        return;
    }
    ReceivedAlert alert;
    alert.rule = text(essentials->get("alertRule"));
    alert.detects = text(parsed.value().at({"data", "customProperties", "detects"}));
    if (const auto at = qd::parse_iso_timestamp(text(essentials->get("firedDateTime")))) {
        alert.fired_at = *at;
    }
    const Value* all = parsed.value().at({"data", "alertContext", "condition", "allOf"});
    if (all != nullptr && all->if_array() != nullptr && !all->if_array()->empty()) {
        const Value* dimensions = all->if_array()->front().get("dimensions");
        if (dimensions != nullptr && dimensions->if_array() != nullptr &&
            !dimensions->if_array()->empty()) {
            alert.entity = text(dimensions->if_array()->front().get("value"));
        }
    }
    fired_.push_back(std::move(alert));
}

void AlertInbox::take_message() {
    const std::lock_guard lock(mutex_);
    ++messages_;
    arrived_.notify_all();
}
void AlertInbox::wait_for_message(std::chrono::milliseconds at_most) const {
    std::unique_lock lock(mutex_);
    const std::size_t before = messages_;
    arrived_.wait_for(lock, at_most, [&] { return messages_ != before; });
}

std::size_t AlertInbox::messages() const {
    const std::lock_guard lock(mutex_);
    return messages_;
}

std::vector<ReceivedAlert> AlertInbox::fired() const {
    const std::lock_guard lock(mutex_);
    return fired_;
}
std::size_t AlertInbox::resolved() const {
    const std::lock_guard lock(mutex_);
    return resolved_;
}
std::size_t AlertInbox::malformed() const {
    const std::lock_guard lock(mutex_);
    return malformed_;
}

Verdict print_report(const Scenario& scenario, const AlertInbox& inbox, bool color) {
    const std::vector<ReceivedAlert> alerts = inbox.fired();
    const char* green = color ? "\x1b[32m" : "";
    const char* red = color ? "\x1b[31m" : "";
    const char* off = color ? "\x1b[0m" : "";
    Verdict verdict;
    verdict.incidents = scenario.incidents.size();
    std::printf("%-14s %-36s %-12s %-9s %-12s %s\n", "incident", "entity", "start", "detected",
                "delay", "rule");
    for (const Incident& incident : scenario.incidents) {
        const ReceivedAlert* first = nullptr;
        for (const ReceivedAlert& alert : alerts) {
            if (alert.detects == incident_name(incident.kind) && same_entity(incident, alert) &&
                in_time(incident, alert.fired_at) &&
                (first == nullptr || alert.fired_at < first->fired_at)) {
                first = &alert;
            }
        }
        verdict.found += first != nullptr ? 1 : 0;
        std::printf("%-14s %-36s %-12s %s%-9s%s %-12s %s\n",
                    std::string(incident_name(incident.kind)).c_str(), incident.entity.c_str(),
                    short_time(incident.start).c_str(), first != nullptr ? green : red,
                    first != nullptr ? "yes" : "no", off,
                    first != nullptr ? delay_text(first->fired_at - incident.start).c_str() : "-",
                    first != nullptr ? first->rule.c_str() : "-");
    }
    // An alert about an entity that something is wrong with is right, whatever rule noticed.
    for (const ReceivedAlert& alert : alerts) {
        const bool right = std::any_of(
            scenario.incidents.begin(), scenario.incidents.end(), [&](const Incident& incident) {
                return same_entity(incident, alert) && in_time(incident, alert.fired_at);
            });
        if (!right) {
            verdict.false_alerts.push_back(alert);
        }
    }
    verdict.false_per_day =
        static_cast<double>(verdict.false_alerts.size()) / scenario.options.days;
    std::printf(
        "\n%zu of %zu incidents detected; %zu alerts fired, %zu resolved, %zu false "
        "(%.2f a day)\n",
        verdict.found, verdict.incidents, alerts.size(), inbox.resolved(),
        verdict.false_alerts.size(), verdict.false_per_day);
    for (std::size_t i = 0; i < verdict.false_alerts.size() && i < 10; ++i) {
        const ReceivedAlert& alert = verdict.false_alerts[i];
        std::printf("  false: %s  %s  %s\n", short_time(alert.fired_at).c_str(), alert.rule.c_str(),
                    alert.entity.c_str());
    }
    return verdict;
}

}  // namespace demo
