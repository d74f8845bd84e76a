// variance, stdev and covariance, sample and population, by Welford's and Chan's updates: one
// pass, no cancellation, and two partial states merge exactly as one pass would (to rounding).
//
// The engine rounds a variance to ten decimals and takes the root of the rounded number: of
// 1,2,3,4 it prints 1.6666666667 and 1.2909944487487155 (= sqrt(1.6666666667)). So do we. None or
// one value gives 0.
// Source: Chan, Golub, LeVeque 1979; kql.md b.22, b.23.
#include "../constant_argument.h"
#include "families.h"
#include "filtered.h"

#include <cmath>
#include <utility>

namespace qd::kql {

namespace {

// Math.Round(x, 10): half to even on the scaled value; beyond 2^53 scaled there is nothing to cut.
double round_ten(double x) {
    if (!(std::abs(x) < 9e5)) {
        return x;
    }
    return std::nearbyint(x * 1e10) / 1e10;
}

struct Moments {
    double n = 0;
    double mean_x = 0;
    double mean_y = 0;
    double comoment = 0;  // sum of (x - mean_x)(y - mean_y)

    void add(double x, double y) {
        n += 1;
        const double dx = x - mean_x;
        mean_x += dx / n;
        mean_y += (y - mean_y) / n;
        comoment += dx * (y - mean_y);
    }
    void merge(const Moments& o) {
        if (o.n == 0) {
            return;
        }
        const double total = n + o.n;
        const double dx = o.mean_x - mean_x;
        const double dy = o.mean_y - mean_y;
        comoment += o.comoment + dx * dy * n * o.n / total;
        mean_x += dx * o.n / total;
        mean_y += dy * o.n / total;
        n = total;
    }
};

enum class Moment : std::uint8_t { Variance, Stdev, Covariance };

class MomentAggregator final : public Aggregator {
  public:
    MomentAggregator(Moment kind, bool population) : kind_(kind), population_(population) {}

    void resize(std::uint32_t groups) override { states_.resize(groups); }

    Status update(std::span<const std::uint32_t> group_of_row,
                  std::span<const ColumnPtr> args) override {
        const ColumnPtr x = columns::flatten(args[0]);
        const ColumnPtr y = kind_ == Moment::Covariance ? columns::flatten(args[1]) : x;
        const auto xs = x->values<double>();
        const auto ys = y->values<double>();
        for (std::uint32_t i = 0; i < x->size(); ++i) {
            if ((x->nulls().empty() || x->nulls()[i] == 0) &&
                (y->nulls().empty() || y->nulls()[i] == 0)) {
                states_[group_of_row[i]].add(xs[i], ys[i]);
            }
        }
        return ok_status();
    }

    Status merge(Aggregator& other, std::span<const std::uint32_t> mapping) override {
        const auto& theirs = static_cast<MomentAggregator&>(other).states_;
        for (std::size_t g = 0; g < theirs.size(); ++g) {
            if (mapping[g] == kNoGroup) {
                continue;
            }
            states_[mapping[g]].merge(theirs[g]);
        }
        return ok_status();
    }

    Result<std::vector<ColumnPtr>> finish() override {
        columns::ColumnBuilder out(DataType::Real, static_cast<std::uint32_t>(states_.size()));
        for (const Moments& s : states_) {
            const double divisor = population_ ? s.n : s.n - 1;
            const double variance = s.n < 2 ? 0.0 : round_ten(s.comoment / divisor);
            out.append_real(kind_ == Moment::Stdev ? std::sqrt(variance) : variance);
        }
        return std::vector<ColumnPtr>{out.finish()};
    }

  private:
    Moment kind_;
    bool population_;
    std::vector<Moments> states_;
};

template <Moment kKind, bool kPopulation>
Result<BoundAggregate> bind_moment(std::span<const AggregateArgument> args) {
    for (const AggregateArgument& a : args) {
        if (!columns::is_numeric(a.value.type) && a.value.type != DataType::Dynamic &&
            a.value.type != DataType::Bool) {
            return argument_error(kKind == Moment::Covariance ? "covariance"
                                  : kKind == Moment::Stdev    ? "stdev"
                                                              : "variance",
                                  "the argument must be numeric", a.value.span);
        }
    }
    BoundAggregate bound;
    bound.outputs = {{"", DataType::Real}};
    bound.arg_types.assign(args.size(), DataType::Real);
    if (kKind == Moment::Covariance) {
        bound.outputs[0].name = std::string(kPopulation ? "covariancep_" : "covariance_") +
                                args[0].name + "_" + args[1].name;
    }
    bound.make = [](const EvalContext&) {
        return std::unique_ptr<Aggregator>(std::make_unique<MomentAggregator>(kKind, kPopulation));
    };
    return bound;
}

template <bool kPopulation>
Result<BoundAggregate> bind_covariance_if(std::span<const AggregateArgument> args) {
    QD_TRY(BoundAggregate bound, bind_if<bind_moment<Moment::Covariance, kPopulation>, 2>(args));
    bound.outputs[0].name = std::string(kPopulation ? "covariancepif_" : "covarianceif_") +
                            args[0].name + "_" + args[1].name;
    return bound;
}

constexpr AggregateFunction kMoments[] = {
    {"variance", "variance(x) : real", "Sample variance, rounded to ten decimals.", 1, 1,
     "variance", bind_moment<Moment::Variance, false>},
    {"varianceif", "varianceif(x, predicate:bool) : real",
     "Sample variance over the rows where the predicate is true.", 2, 2, "varianceif",
     bind_if<bind_moment<Moment::Variance, false>, 1>},
    {"variancep", "variancep(x) : real", "Population variance.", 1, 1, "variancep",
     bind_moment<Moment::Variance, true>},
    {"variancepif", "variancepif(x, predicate:bool) : real",
     "Population variance over the rows where the predicate is true.", 2, 2, "variancepif",
     bind_if<bind_moment<Moment::Variance, true>, 1>},
    {"stdev", "stdev(x) : real", "Sample standard deviation.", 1, 1, "stdev",
     bind_moment<Moment::Stdev, false>},
    {"stdevif", "stdevif(x, predicate:bool) : real",
     "Sample standard deviation over the rows where the predicate is true.", 2, 2, "stdevif",
     bind_if<bind_moment<Moment::Stdev, false>, 1>},
    {"stdevp", "stdevp(x) : real", "Population standard deviation.", 1, 1, "stdevp",
     bind_moment<Moment::Stdev, true>},
    {"stdevpif", "stdevpif(x, predicate:bool) : real",
     "Population standard deviation over the rows where the predicate is true.", 2, 2, "stdevpif",
     bind_if<bind_moment<Moment::Stdev, true>, 1>},
    {"covariance", "covariance(x, y) : real", "Sample covariance of two expressions.", 2, 2,
     "covariance", bind_moment<Moment::Covariance, false>},
    {"covarianceif", "covarianceif(x, y, predicate:bool) : real",
     "Sample covariance over the rows where the predicate is true.", 3, 3, "covarianceif",
     bind_covariance_if<false>},
    {"covariancep", "covariancep(x, y) : real", "Population covariance of two expressions.", 2, 2,
     "covariancep", bind_moment<Moment::Covariance, true>},
    {"covariancepif", "covariancepif(x, y, predicate:bool) : real",
     "Population covariance over the rows where the predicate is true.", 3, 3, "covariancepif",
     bind_covariance_if<true>},
};

}  // namespace

std::span<const AggregateFunction> moment_aggregates() {
    return kMoments;
}

}  // namespace qd::kql
