#include "qd/workspace/table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace qd::workspace {
namespace {

TablePtr find(std::string_view name) {
    for (const TablePtr& table : built_in_tables()) {
        if (table->name == name) {
            return table;
        }
    }
    return nullptr;
}

TEST(BuiltInTables, AreAllThereWithDistinctColumns) {
    EXPECT_GE(built_in_tables().size(), 89U);
    for (const TablePtr& table : built_in_tables()) {
        EXPECT_FALSE(table->columns.empty()) << table->name;
        std::set<std::string> names;
        for (const ColumnInfo& column : table->columns) {
            EXPECT_TRUE(names.insert(column.name).second) << table->name << "." << column.name;
            EXPECT_EQ(column.expression.empty(), table->kind != TableKind::View);
        }
        if (table->kind != TableKind::View) {
            EXPECT_NE(table->find_column(kTimeGenerated), nullptr) << table->name;
            EXPECT_NE(table->find_column(kTypeColumn), nullptr) << table->name;
        }
    }
}

TEST(BuiltInTables, KnownFacts) {
    const TablePtr signin = find("SigninLogs");
    ASSERT_NE(signin, nullptr);
    EXPECT_EQ(signin->diagnostic_category, "SignInLogs");
    EXPECT_EQ(signin->find_column("ResultType")->type, columns::DataType::String);
    EXPECT_EQ(signin->find_column("LocationDetails")->type, columns::DataType::Dynamic);
    EXPECT_EQ(find("AADNonInteractiveUserSignInLogs")->find_column("LocationDetails")->type,
              columns::DataType::String);
    EXPECT_EQ(find("signinlogs"), nullptr);
}

TEST(BuiltInTables, ViewsNameColumnsThatExist) {
    int views = 0;
    for (const TablePtr& view : built_in_tables()) {
        if (view->kind != TableKind::View) {
            continue;
        }
        ++views;
        const TablePtr base = find(view->view_of);
        ASSERT_NE(base, nullptr) << view->name;
        EXPECT_NE(view->find_column("timestamp"), nullptr);
        for (const ColumnInfo& column : view->columns) {
            const bool plain = column.expression.find_first_of("('<") == std::string::npos;
            if (plain && column.expression != kItemId) {
                const ColumnInfo* source = base->find_column(column.expression);
                ASSERT_NE(source, nullptr) << view->name << "." << column.name;
            }
        }
        EXPECT_EQ(view_query(*view).find(view->view_of + " | project ['timestamp'] = "
                                                         "TimeGenerated, "),
                  0U);
    }
    EXPECT_EQ(views, 10);
}

}  // namespace
}  // namespace qd::workspace
