#include "qd/alerting/evaluate.h"

#include "qd/base/random.h"
#include "qd/codec/json.h"
#include "table_for_test.h"

#include <gtest/gtest.h>

#include <set>

namespace qd::alerting {
namespace {

using columns::DataType;
using columns::Scalar;

constexpr std::int64_t kMinute = Ticks::kMinute;
const Timestamp kStart{Timestamp::kUnixEpochTicks + 20'000 * Ticks::kDay};

Rule rule_of(std::int64_t frequency_minutes, int n, int m) {
    Rule rule;
    rule.id = rule.name = "r";
    rule.frequency = {frequency_minutes * kMinute};
    rule.window = {5 * kMinute};
    Condition condition;
    condition.query = "T";
    condition.evaluation_periods = n;
    condition.min_failing_periods = m;
    rule.conditions.push_back(condition);
    return rule;
}

Timestamp minute(std::int64_t n) {
    return kStart + Ticks{n * kMinute};
}

/// Runs one evaluation on a table of (TimeGenerated, Computer, Val) rows.
struct Simulation {
    Rule rule;
    RuleState state;

    std::vector<AlertEvent> step(Timestamp at, const std::vector<std::vector<Scalar>>& rows) {
        const columns::Table table = table_of({{"TimeGenerated", DataType::DateTime},
                                               {"Computer", DataType::String},
                                               {"Val", DataType::Real}},
                                              rows);
        auto result = evaluate(rule, state, std::span(&table, 1), at);
        EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().text());
        state = std::move(result.value().state);
        return std::move(result.value().events);
    }
};

std::vector<Scalar> row(Timestamp t, const std::string& computer = "a", double value = 1) {
    return {Scalar::of_datetime(t.ticks), Scalar::of_string(computer), Scalar::of_real(value)};
}

TEST(Evaluate, FiresOnceAndResolvesAfterTheResolveTime) {
    struct Case {
        std::int64_t frequency_minutes;
        int clear_evaluations;  // until resolved
    };
    // The four rows of the resolve table.
    for (const Case& one : {Case{1, 10}, Case{5, 3}, Case{10, 3}, Case{15, 3}, Case{30, 2},
                            Case{360, 2}, Case{660, 1}, Case{720, 1}}) {
        Simulation sim{rule_of(one.frequency_minutes, 1, 1), {}};
        Timestamp t = kStart;
        const auto next = [&] { return t = t + Ticks{one.frequency_minutes * kMinute}; };
        const auto fired = sim.step(t, {row(t)});
        ASSERT_EQ(fired.size(), 1u);
        EXPECT_EQ(fired[0].change, AlertChange::Fired);
        EXPECT_TRUE(sim.step(next(), {row(t)}).empty());
        for (int i = 1; i < one.clear_evaluations; ++i) {
            EXPECT_TRUE(sim.step(next(), {}).empty()) << one.frequency_minutes << " " << i;
        }
        const auto resolved = sim.step(next(), {});
        ASSERT_EQ(resolved.size(), 1u) << one.frequency_minutes;
        EXPECT_EQ(resolved[0].change, AlertChange::Resolved);
        EXPECT_EQ(resolved[0].alert_id, fired[0].alert_id);
        EXPECT_EQ(resolved[0].fired_at, kStart);
        EXPECT_TRUE(sim.state.empty());
        const auto again = sim.step(next(), {row(t)});
        ASSERT_EQ(again.size(), 1u);
        EXPECT_NE(again[0].alert_id, fired[0].alert_id);
        EXPECT_EQ(again[0].fingerprint, fired[0].fingerprint);
    }
}

TEST(Evaluate, MetAgainStartsTheResolveTimeAnew) {
    Simulation sim{rule_of(5, 1, 1), {}};
    ASSERT_EQ(sim.step(minute(0), {row(minute(0))}).size(), 1u);
    EXPECT_TRUE(sim.step(minute(5), {}).empty());
    EXPECT_TRUE(sim.step(minute(10), {}).empty());
    EXPECT_TRUE(sim.step(minute(15), {row(minute(15))}).empty());
    EXPECT_TRUE(sim.step(minute(20), {}).empty());
    EXPECT_TRUE(sim.step(minute(25), {}).empty());
    EXPECT_EQ(sim.step(minute(30), {}).size(), 1u);
}

TEST(Evaluate, CountsFailingBinsInsideOneRun) {
    // M = 2 of N = 4 bins of five minutes; Count > 0.
    struct Case {
        std::vector<int> ages_minutes;
        bool met;
    };
    for (const Case& one : {Case{{}, false}, Case{{0}, false}, Case{{1, 2, 3}, false},
                            Case{{1, 6}, true}, Case{{4, 19}, true}, Case{{0, 5}, true},
                            Case{{1, 20}, false},  // twenty minutes old: before the first bin
                            Case{{7, 8, 12}, true}}) {
        Simulation sim{rule_of(5, 4, 2), {}};
        std::vector<std::vector<Scalar>> rows;
        for (const int age : one.ages_minutes) {
            rows.push_back(row(minute(-age)));
        }
        EXPECT_EQ(sim.step(minute(0), rows).size(), one.met ? 1u : 0u)
            << ::testing::PrintToString(one.ages_minutes);
    }
}

TEST(Evaluate, ValuesMadeByBinCountAtTheirLowerEdge) {
    Simulation sim{rule_of(5, 2, 2), {}};
    sim.rule.conditions[0].query = "T | summarize count() by bin(TimeGenerated, 5m)";
    EXPECT_EQ(sim.step(minute(0), {row(minute(-10)), row(minute(-5))}).size(), 1u);
    Simulation raw{rule_of(5, 2, 2), {}};
    EXPECT_EQ(raw.step(minute(0), {row(minute(-10)), row(minute(-5))}).size(), 0u);
}

TEST(Evaluate, SplitsByDimensionsAndFilters) {
    Simulation sim{rule_of(5, 1, 1), {}};
    sim.rule.conditions[0].dimensions = {{"Computer", false, {"*"}}};
    const auto fired =
        sim.step(minute(0), {row(minute(0), "a"), row(minute(0), "b"), row(minute(0), "a")});
    ASSERT_EQ(fired.size(), 2u);
    EXPECT_EQ(fired[0].key.dimensions[0].second, "a");
    EXPECT_EQ(fired[0].value, 2);
    EXPECT_EQ(fired[0].rows.size(), 2u);
    // One series disappears, another appears.
    const auto changed = sim.step(minute(5), {row(minute(5), "b"), row(minute(5), "c")});
    ASSERT_EQ(changed.size(), 1u);
    EXPECT_EQ(changed[0].key.dimensions[0].second, "c");
    EXPECT_TRUE(sim.step(minute(10), {row(minute(10), "b"), row(minute(10), "c")}).empty());
    const auto gone = sim.step(minute(15), {row(minute(15), "b"), row(minute(15), "c")});
    ASSERT_EQ(gone.size(), 1u);
    EXPECT_EQ(gone[0].change, AlertChange::Resolved);
    EXPECT_EQ(gone[0].key.dimensions[0].second, "a");

    Simulation filtered{rule_of(5, 1, 1), {}};
    filtered.rule.conditions[0].dimensions = {{"Computer", true, {"a"}}};
    const auto kept = filtered.step(minute(0), {row(minute(0), "a"), row(minute(0), "b")});
    ASSERT_EQ(kept.size(), 1u);
    EXPECT_EQ(kept[0].key.dimensions[0].second, "b");
}

TEST(Evaluate, AggregatesTheMeasure) {
    struct Case {
        TimeAggregation aggregation;
        double value;
    };
    for (const Case& one : {Case{TimeAggregation::Count, 3}, Case{TimeAggregation::Average, 4},
                            Case{TimeAggregation::Minimum, 1}, Case{TimeAggregation::Maximum, 9},
                            Case{TimeAggregation::Total, 12}}) {
        Simulation sim{rule_of(5, 1, 1), {}};
        sim.rule.conditions[0].aggregation = one.aggregation;
        sim.rule.conditions[0].metric_measure_column = "Val";
        const auto fired = sim.step(
            minute(0), {row(minute(0), "a", 1), row(minute(0), "a", 9), row(minute(0), "a", 2)});
        ASSERT_EQ(fired.size(), 1u);
        EXPECT_EQ(fired[0].value, one.value);
    }
}

TEST(Evaluate, SilenceViolatesOnlyWithoutASplit) {
    Simulation whole{rule_of(5, 1, 1), {}};
    whole.rule.conditions[0].comparison = Comparison::LessThan;
    whole.rule.conditions[0].threshold = 1;
    EXPECT_EQ(whole.step(minute(0), {}).size(), 1u);
    Simulation split = whole;
    split.state.clear();
    split.rule.conditions[0].dimensions = {{"Computer", false, {"*"}}};
    EXPECT_EQ(split.step(minute(0), {}).size(), 0u);
    // Null never violates.
    Simulation average{rule_of(5, 1, 1), {}};
    average.rule.conditions[0].aggregation = TimeAggregation::Average;
    average.rule.conditions[0].metric_measure_column = "Val";
    average.rule.conditions[0].comparison = Comparison::LessThan;
    average.rule.conditions[0].threshold = 1;
    EXPECT_EQ(average.step(minute(0), {}).size(), 0u);
}

TEST(Evaluate, StatelessFiresEveryTimeAndMutesActions) {
    Simulation sim{rule_of(5, 1, 1), {}};
    sim.rule.stateful = false;
    sim.rule.mute = {12 * kMinute};
    std::vector<bool> acted;
    std::set<std::string> ids;
    for (int i = 0; i < 6; ++i) {
        const auto fired = sim.step(minute(5 * i), {row(minute(5 * i))});
        ASSERT_EQ(fired.size(), 1u);
        acted.push_back(fired[0].act);
        ids.insert(fired[0].alert_id);
    }
    EXPECT_EQ(acted, (std::vector<bool>{true, false, false, true, false, false}));
    EXPECT_EQ(ids.size(), 6u);
}

TEST(Evaluate, BeyondTheCapOneAlertStandsForTheRest) {
    Simulation sim{rule_of(5, 1, 1), {}};
    sim.rule.conditions[0].dimensions = {{"Computer", false, {"*"}}};
    sim.rule.conditions[0].aggregation = TimeAggregation::Total;
    sim.rule.conditions[0].metric_measure_column = "Val";
    std::vector<std::vector<Scalar>> rows;
    for (int i = 0; i < 310; ++i) {
        rows.push_back(row(minute(0), "c" + std::to_string(i), i + 1));
    }
    const auto fired = sim.step(minute(0), rows);
    ASSERT_EQ(fired.size(), 301u);
    EXPECT_EQ(fired[0].value, 310);
    EXPECT_EQ(fired[300].summarized, 10u);
    // The rest fires at the next evaluation; the summary resolves.
    std::size_t resolved = 0;
    std::size_t more = 0;
    for (int i = 1; i <= 3; ++i) {
        for (const AlertEvent& event : sim.step(minute(5 * i), rows)) {
            (event.change == AlertChange::Resolved ? resolved : more) += 1;
        }
    }
    EXPECT_EQ(more, 10u);
    EXPECT_EQ(resolved, 1u);
}

TEST(Evaluate, NamesWhatTheResultLacks) {
    const columns::Table table = table_of({{"x", DataType::Long}}, {});
    Rule rule = rule_of(5, 2, 1);
    EXPECT_EQ(evaluate(rule, {}, std::span(&table, 1), kStart).error().id(), "ALR0202");
    rule.conditions[0].dimensions = {{"nope", false, {"*"}}};
    EXPECT_EQ(evaluate(rule, {}, std::span(&table, 1), kStart).error().id(), "ALR0201");
}

// Property: whatever the data does, fired and resolved strictly alternate for each fingerprint.
TEST(Evaluate, FiredAndResolvedAlternate) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        Random random(seed);
        Simulation sim{rule_of(5, 1 + static_cast<int>(random.below(3)), 1), {}};
        sim.rule.conditions[0].dimensions = {{"Computer", false, {"*"}}};
        std::map<std::string, bool> fired;
        for (int i = 0; i < 400; ++i) {
            std::vector<std::vector<Scalar>> rows;
            for (const char* name : {"a", "b", "c"}) {
                if (random.below(100) < 25) {
                    rows.push_back(row(
                        minute(5 * i) -
                            Ticks{static_cast<std::int64_t>(random.below(600)) * Ticks::kSecond},
                        name));
                }
            }
            for (const AlertEvent& event : sim.step(minute(5 * i), rows)) {
                const bool now = event.change == AlertChange::Fired;
                EXPECT_NE(fired[event.fingerprint], now) << "seed " << seed << " step " << i;
                fired[event.fingerprint] = now;
            }
        }
        EXPECT_EQ(fired.size(), 3u);
    }
}

}  // namespace
}  // namespace qd::alerting
