#pragma once

#include "qd/codec/value.h"
#include "qd/kql/source.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace qd::conformance {

/// Tables and functions of a test: one database, everything in memory, no network.
class MemoryCatalog final : public kql::Catalog {
  public:
    std::string default_database() const override { return "db"; }
    std::shared_ptr<kql::TableSource> find_table(std::string_view database,
                                                 std::string_view name) override;
    std::vector<std::string> table_names(std::string_view database) override;
    std::optional<kql::StoredFunction> find_function(std::string_view database,
                                                     std::string_view name) override;
    Result<std::string> read_external(std::string_view uri) override;

    void add_table(const std::string& name, columns::Table table);
    void remove_table(const std::string& name) { tables_.erase(name); }
    void add_function(kql::StoredFunction function);
    /// What every external address answers from now on; before, they are refused.
    void set_external(std::string content) { external_ = std::move(content); }
    /// Empty tables from {"Table": {"columns": [{"name", "type"}]}} or {"Table": [{"name",
    /// "type"}]}.
    void declare(const Value& tables);

  private:
    std::map<std::string, std::shared_ptr<kql::TableSource>, std::less<>> tables_;
    std::map<std::string, kql::StoredFunction, std::less<>> functions_;
    std::optional<std::string> external_;
};

}  // namespace qd::conformance
