#pragma once

#include "plan/bound_expr.h"
#include "plan/logical_plan.h"
#include "qd/kql/ast.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What names mean: let statements and parameters, lexically nested.
namespace qd::kql {

class Environment;
using EnvironmentPtr = std::shared_ptr<Environment>;

/// What one name stands for.
struct Entity {
    enum class Kind : std::uint8_t { Scalar, Table, Function };
    Kind kind = Kind::Scalar;
    BoundPtr scalar;
    PlanPtr table;
    /// Function: the lambda, who keeps it alive, and where it was written.
    const Lambda* lambda = nullptr;
    std::shared_ptr<const void> owner;
    EnvironmentPtr environment;
    bool view = false;
};
using EntityPtr = std::shared_ptr<const Entity>;

class Environment {
  public:
    explicit Environment(EnvironmentPtr parent = nullptr) : parent_(std::move(parent)) {}

    void set(std::string name, EntityPtr entity) { names_[std::move(name)] = std::move(entity); }
    EntityPtr find(std::string_view name) const {
        for (const Environment* e = this; e != nullptr; e = e->parent_.get()) {
            if (auto it = e->names_.find(name); it != e->names_.end()) {
                return it->second;
            }
        }
        return nullptr;
    }
    /// All names in sight with what they stand for (wildcards in union).
    void collect(std::map<std::string, EntityPtr, std::less<>>& out) const {
        if (parent_) {
            parent_->collect(out);
        }
        for (const auto& [name, entity] : names_) {
            out[name] = entity;
        }
    }

  private:
    EnvironmentPtr parent_;
    std::map<std::string, EntityPtr, std::less<>> names_;
};

/// The columns an expression can name.
struct RowScope {
    const columns::Schema* schema = nullptr;
    bool open = false;
    bool serialized = false;
    /// Columns whose types are guesses, by name; null: none.
    std::shared_ptr<const std::set<std::string, std::less<>>> guessed;
    /// `$left`, `$right` of a join, the steps of a scan: qualifier, then its columns.
    struct Qualified {
        std::string name;
        std::vector<std::pair<std::string, BoundPtr>> columns;
    };
    std::vector<Qualified> qualified;
    /// Further names that are no columns of the schema (a scan's declared variables).
    std::vector<std::pair<std::string, BoundPtr>> extra;
};

}  // namespace qd::kql
