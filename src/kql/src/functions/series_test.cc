#include "function_cases.h"
#include "qd/base/files.h"
#include "qd/columns/variant.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace qd::kql {
namespace {

TEST(SeriesFunctions, Cases) {
    const std::vector<FunctionCase> cases = {
        {"series_add", {json("[1,2,4]"), json("[4,2,1]")}, "[5,4,5]"},
        {"series_add", {json("[1,2,4]"), json("[4,2]")}, "[5,4,null]"},
        {"series_multiply", {num(10), json("[0,1,-1]")}, "[0,10,-10]"},
        {"series_divide", {json("[1,2,0]"), json("[4,2,0]")}, "[0.25,1.0,\"NaN\"]"},
        {"series_subtract", {json("[1.5,null]"), num(1)}, "[0.5,null]"},
        {"series_pow", {json("[1,2,3,4]"), json("[1,2,3,0.5]")}, "[1.0,4.0,27.0,2.0]"},
        {"series_abs", {json("[-6.5,0,8.2]")}, "[6.5,0.0,8.2]"},
        {"series_sign", {json("[-6,0,8]")}, "[-1,0,1]"},
        {"series_greater", {json("[1,2,4]"), json("[4,2,1]")}, "[false,false,true]"},
        {"series_not_equals", {json("[1,2,4]"), json("[4,2]")}, "[true,false,null]"},
        {"series_exp", {json("[0]")}, "[1.0]"},
        {"series_log", {json("{}")}, "null"},
        {"series_fir", {json("[5,15,10,20]"), json("[1,-1]")}, "[5,10,-5,10]"},
        {"series_fir", {json("[3,6,9]"), json("[1,1,1]")}, "[1.0,3.0,6.0]"},
        {"series_iir", {json("[10,30,0]"), json("[1]"), json("[1,-1]")}, "[10.0,40.0,40.0]"},
        {"series_iir", {json("[1]"), json("[1]"), json("[]")}, "null"},
        {"series_fill_const", {json("[111,null,36]"), real(0)}, "[111,0.0,36]"},
        {"series_fill_const", {json("[1,null,7]"), num(-1), num(7)}, "[1,-1,-1]"},
        {"series_fill_forward", {json("[null,36,null,16,null]")}, "[null,36,36,16,16]"},
        {"series_fill_backward", {json("[null,36,null,16,null]")}, "[36,36,16,16,null]"},
        {"series_fill_linear", {json("[36,41,null,null,16]")}, "[36,41,32,24,16]"},
        {"series_fill_linear", {json("[1.0,null,2.0]")}, "[1.0,1.5,2.0]"},
        {"series_fill_linear", {json("[null,null]")}, "[0,0]"},
        {"series_seasonal",
         {json("[1,3,5,1,3,5,2,4,6]"), num(3)},
         "[1.0,3.0,5.0,1.0,3.0,5.0,1.0,3.0,5.0]"},
        {"series_sum", {json("[1,2,3,4]")}, "10.0"},
        {"series_product", {json("[1,2,3,4]")}, "24.0"},
        {"series_magnitude", {json("[3,4]")}, "5.0"},
        {"series_dot_product", {json("[1,2,4]"), num(2)}, "14.0"},
        {"series_dot_product", {json("[1,2]"), json("[1]")}, "null"},
        {"series_outliers", {json("[1,1]")}, "[0.0,0.0]"},
        {"series_outliers", {str("x")}, "error"},
        {"series_stats_dynamic",
         {json("[10,20]")},
         "{\"min\":10.0,\"min_idx\":0,\"max\":20.0,\"max_idx\":1,\"avg\":15.0,"
         "\"stdev\":7.0710678118654755,\"variance\":50.0,\"sum\":30.0,\"len\":2}"},
        {"series_stats_dynamic", {json("[10,null]")}, "null"},
    };
    for (const FunctionCase& test : cases) {
        for (const auto layout :
             {columns::Layout::Flat, columns::Layout::Constant, columns::Layout::Dictionary}) {
            EXPECT_EQ(evaluate_case(test, layout), test.want)
                << test.function << " " << columns::to_text(test.args[0]);
        }
    }
}

std::vector<std::string> run_multi(std::string_view name, const std::vector<Scalar>& args) {
    const MultiFunction* f = find_multi_function(name);
    EXPECT_NE(f, nullptr) << name;
    std::vector<Argument> described;
    for (const Scalar& s : args) {
        described.push_back({s.type(), &s, {}});
    }
    auto bound = f->bind(described);
    EXPECT_TRUE(bound.ok());
    std::vector<ColumnPtr> columns;
    for (std::size_t i = 0; i < args.size(); ++i) {
        columns.push_back(
            cast_column(columns::Column::make_constant(args[i], 2), bound->arg_types[i]));
    }
    auto out = bound->kernel(EvalContext{}, columns, 2);
    EXPECT_TRUE(out.ok());
    EXPECT_EQ(out->size(), bound->parts.size());
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < out->size(); ++i) {
        EXPECT_EQ((*out)[i]->type(), bound->parts[i].type);
        EXPECT_EQ((*out)[i]->size(), 2U);
        texts.push_back(result_text(*(*out)[i], 1));
    }
    return texts;
}

TEST(SeriesFunctions, SeveralResults) {
    auto stats = run_multi("series_stats", {json("[23,46,23,87,4,8,3,75,2,56,13,75,32,16,29]")});
    EXPECT_NEAR(std::stod(stats[5]), 28.50363385354827, 1e-13);
    EXPECT_NEAR(std::stod(stats[6]), 812.4571428571429, 1e-11);
    stats.resize(5);
    EXPECT_EQ(stats, (std::vector<std::string>{"2.0", "8", "87.0", "3", "32.8"}));
    EXPECT_EQ(run_multi("series_stats", {json("null")})[0], "null");
    EXPECT_EQ(run_multi("series_fft", {json("[1,0,0,0]")})[0], "[1.0,1.0,1.0,1.0]");
    EXPECT_EQ(run_multi("series_ifft", {json("[4,0,0,0]")})[0], "[1.0,1.0,1.0,1.0]");
    EXPECT_EQ(run_multi("series_decompose", {json("[1,2,1,2]"), num(2)})[1], "[1.0,2.0,1.0,2.0]");
    EXPECT_EQ(run_multi("series_periods_detect", {json("[1,2]"), num(0), num(9), num(2)})[0],
              "[0.0,0.0]");
    EXPECT_EQ(run_multi("series_fit_2lines", {json("[1,2,3,9,8,7]")})[1], "3");
    EXPECT_EQ(run_multi("series_fit_poly", {json("[2,4,6]")})[1].substr(0, 2), "[2");
    EXPECT_EQ(find_multi_function("series_nothing"), nullptr);
}

std::string vectors_path() {
    const char* shared = std::getenv("QD_SHARED");
    const std::string root = shared != nullptr ? shared : "../shared";
    return root + "/conformance/kql/series-vectors.jsonl";
}

// One call "name(series, 1.5, -1, 'linefit')" of a query over the literal array before it.
std::vector<Scalar> constants_of(std::string_view call) {
    std::vector<Scalar> out;
    std::stringstream in{std::string(call)};
    std::string piece;
    std::getline(in, piece, ',');  // the series
    while (std::getline(in, piece, ',')) {
        piece.erase(0, piece.find_first_not_of(' '));
        if (piece.front() == '\'') {
            out.push_back(str(piece.substr(1, piece.size() - 2)));
        } else if (piece.find('.') != std::string::npos) {
            out.push_back(real(std::stod(piece)));
        } else {
            out.push_back(num(std::stol(piece)));
        }
    }
    return out;
}

double worst_difference(const Value& got, const Value& want, double factor) {
    const Array& g = *got.if_array();
    const Array& w = *want.if_array();
    EXPECT_EQ(g.size(), w.size());
    double worst = 0;
    for (std::size_t i = 0; i < w.size() && i < g.size(); ++i) {
        const double expected = w[i].number_or(0) / factor;
        worst = std::max(
            worst, std::abs(g[i].number_or(0) - expected) / std::max(1.0, std::abs(expected)));
    }
    return worst;
}

TEST(SeriesFunctions, RecordedDecompositions) {
    std::ifstream file(vectors_path());
    if (!file) {
        GTEST_SKIP() << "the conformance packs are not here";
    }
    std::string line;
    int checked = 0;
    while (std::getline(file, line)) {
        const Value item = codec::parse_json(line).value();
        const std::string query(item.get("query")->string_or(""));
        const std::size_t open = query.find("dynamic(") + 8;
        const std::size_t close = query.find("])", open) + 1;
        const std::size_t call = query.find("series_decompose", close);
        if (call == std::string::npos) {
            continue;
        }
        const std::size_t paren = query.find('(', call);
        const std::string name = query.substr(call, paren - call);
        std::vector<Scalar> args = {json(query.substr(open, close - open))};
        const std::string inside = query.substr(paren + 1, query.find(')', paren) - paren - 1);
        for (const Scalar& s : constants_of(inside)) {
            args.push_back(s);
        }
        const auto got = run_multi(name, args);
        const Array& row = *item.at({"engine", "rows"})->if_array()->front().if_array();
        for (std::size_t part = 0; part < row.size() - 1; ++part) {
            // The recorded query multiplies the flags by 10.
            const double factor = name == "series_decompose_anomalies" && part == 0 ? 10 : 1;
            const Value value = codec::parse_json(got[part]).value();
            EXPECT_LT(worst_difference(value, row[part + 1], factor), 1e-9)
                << name << " part " << part;
        }
        ++checked;
    }
    EXPECT_EQ(checked, 4);
}

}  // namespace
}  // namespace qd::kql
