#pragma once

#include "qd/codec/value.h"
#include "scenario.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

namespace demo {

/// A fired alert as the receiver got it.
struct ReceivedAlert {
    std::string rule;
    std::string detects;  // custom property of the rule: which kind of incident it is for
    std::string entity;   // value of its first dimension
    qd::Timestamp fired_at;
};

/// What the webhook receiver has been told. Threads: any.
class AlertInbox {
  public:
    /// A body of the common alert schema; anything else is counted as malformed.
    void take(const std::string& body);
    /// A playbook's own notification.
    void take_message();
    std::vector<ReceivedAlert> fired() const;
    std::size_t messages() const;
    /// Returns when a message has come in, or after that time.
    void wait_for_message(std::chrono::milliseconds at_most) const;
    std::size_t resolved() const;
    std::size_t malformed() const;

  private:
    mutable std::mutex mutex_;
    mutable std::condition_variable arrived_;
    std::vector<ReceivedAlert> fired_;
    std::size_t resolved_ = 0;
    std::size_t malformed_ = 0;
    std::size_t messages_ = 0;
};

struct Verdict {
    std::size_t found = 0;
    std::size_t incidents = 0;
    std::vector<ReceivedAlert> false_alerts;
    double false_per_day = 0;
    bool good() const { return found == incidents && false_per_day <= 2; }
};

/// Matches alerts to incidents (by kind, entity and time), prints the table of incidents and the
/// false alerts, and judges.
Verdict print_report(const Scenario& scenario, const AlertInbox& inbox, bool color);

}  // namespace demo
