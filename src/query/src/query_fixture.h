#pragma once

#include "qd/base/clock.h"
#include "qd/base/executor.h"
#include "qd/base/files.h"
#include "qd/base/log.h"
#include "qd/base/metrics.h"
#include "qd/columns/text.h"
#include "qd/query/query_service.h"
#include "qd/store/store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace qd::query {

/// A query service over a workspace in a directory of its own that can be closed and opened again.
class QueryServiceTest : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = std::filesystem::temp_directory_path() / "qd_query_XXXXXX";
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        dir_ = pattern;
        open();
    }
    void TearDown() override {
        close();
        std::filesystem::remove_all(dir_);
    }
    void close() {
        service_.reset();
        workspace_.reset();
        store_.reset();
    }
    void open() {
        close();
        store_ = store::Store::open(dir_ + "/state.db").value();
        workspace::WorkspaceOptions options;
        options.background = false;
        workspace_ = workspace::Workspace::open(dir_, files_, clock_, *log_, *metrics_, executor_,
                                                *store_, options)
                         .value();
        service_ = std::make_unique<QueryService>(
            *workspace_, executor_, clock_, nullptr,
            ExternalDataPolicy{.hosts = {}, .directories = {dir_}, .bytes_max = 1 << 20},
            QueryServiceOptions{.slow_query_ms = -1});
    }

    kql::QueryOptions options_of(std::string principal = "local=admin") {
        kql::QueryOptions options = service_->default_options();
        options.principal.name = std::move(principal);
        return options;
    }
    /// Rows as "a|b" lines; the error's id and message otherwise.
    std::string run(std::string_view text, const std::string& principal = "local=admin") {
        const auto result = service_->run(text, options_of(principal));
        if (!result.ok()) {
            return result.error().text();
        }
        std::string out;
        for (const columns::Chunk& chunk : result.value().tables.at(0).chunks) {
            for (std::uint32_t row = 0; row < chunk.rows; ++row) {
                for (std::size_t c = 0; c < chunk.columns.size(); ++c) {
                    out += c > 0 ? "|" : "";
                    columns::append_text(out, *chunk.columns[c], row);
                }
                out += "\n";
            }
        }
        return out;
    }
    std::string id_of(std::string_view text) {
        const auto result = service_->run(text, options_of());
        return result.ok() ? "ok" : result.error().id();
    }
    void must(std::string_view text) {
        const auto result = service_->run(text, options_of());
        ASSERT_TRUE(result.ok()) << text << ": " << result.error().text();
    }

    std::string dir_;
    RealFiles files_;
    RealClock clock_;
    std::unique_ptr<Log> log_ = make_null_log();
    std::unique_ptr<Metrics> metrics_ = make_metrics();
    ThreadPool executor_{2};
    std::unique_ptr<store::Store> store_;
    std::unique_ptr<workspace::Workspace> workspace_;
    std::unique_ptr<QueryService> service_;
};

}  // namespace qd::query
