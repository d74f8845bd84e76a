#pragma once

#include "qd/kql/ast.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Management commands: a text that begins with a dot. The parser knows the shapes of commands.cc's
/// table; a command is its kind and the parts its shape has. Source: kql.md a.7.
namespace qd::kql {

enum class CommandKind : std::uint8_t {
    Unknown,  // a well-formed text whose words are in no shape: refuse it by its words
    CreateTable,
    CreateMergeTable,
    AlterTable,
    AlterMergeTable,
    CreateTables,
    CreateMergeTables,
    AlterTableDocstring,
    AlterTableFolder,
    AlterColumnType,
    RenameTable,
    RenameColumn,
    DropTable,
    DropTables,
    DropColumn,
    DropColumns,
    ClearTableData,
    DeleteTableRecords,
    IngestInline,
    IngestInto,
    SetFromQuery,     // .set
    AppendFromQuery,  // .append
    SetOrAppend,      // .set-or-append
    SetOrReplace,     // .set-or-replace
    CreateFunction,   // .create function
    CreateOrAlterFunction,
    AlterFunction,
    AlterFunctionDocstring,
    AlterFunctionFolder,
    DropFunction,
    ShowFunctions,
    ShowFunction,
    ShowTables,
    ShowTablesDetails,
    ShowTable,
    ShowTableDetails,
    ShowTableCslSchema,
    ShowTableSchemaJson,
    ShowDatabases,
    ShowDatabasesEntities,
    ShowDatabasesSchema,
    ShowDatabasesSchemaJson,
    ShowDatabase,
    ShowDatabaseSchema,
    ShowDatabaseSchemaJson,
    ShowDatabaseCslSchema,
    ShowVersion,
    ShowCluster,
    ShowPolicy,
    AlterPolicy,
    DeletePolicy,
    CreateMaterializedView,
    CreateOrAlterMaterializedView,
    AlterMaterializedView,
    DropMaterializedView,
    ShowMaterializedViews,
    ShowMaterializedView,
    CreateIngestionMapping,
    CreateOrAlterIngestionMapping,
    DropIngestionMapping,
    ShowIngestionMappings,
    ShowIngestionMapping,
    ShowQueries,
    ShowRunningQueries,
    ShowCommands,
    ShowOperations,
    ShowIngestionFailures,
    ShowDiagnostics,
    ShowCapacity,
    ShowSchema,
    CancelQuery,
    ExecuteDatabaseScript,
    ShowPrincipals,
    AddPrincipals,
    DropPrincipals,
    SetPrincipals,
    ShowPrincipalRoles,
};

/// One command. Which parts are set follows from the kind; the comments name the words they stand
/// for in the shapes.
struct Command {
    CommandKind kind = CommandKind::Unknown;
    TextSpan span;
    /// The literal words in order, without the dot: {"create-or-alter", "function"}.
    std::vector<std::string> words;
    /// NAME parts in order: table, function, database, policy's entity, mapping name, …
    /// `T.c` gives one Name per part in `path`.
    std::vector<Name> names;
    /// Choices made in the shape: {"csv"}, {"table"}, {"retention"}, {"ifexists"}, {"async"}, …
    std::vector<std::string> choices;
    struct Table {
        Name name;
        std::vector<ColumnDeclaration> columns;
    };
    /// The table or tables being made; of .create table and its kin, exactly one.
    std::vector<Table> tables;
    /// `with ( name = value, … )`
    std::vector<OperatorParameter> properties;
    /// .create function: parameters, body and result; a materialized view has no parameters.
    std::unique_ptr<Lambda> function;
    /// The text as written of the function's parameters, with its parentheses, and of what stands
    /// between the braces.
    std::string parameters_text;
    std::string body_text;
    /// What follows `<|` as a query (.set-or-append, .delete table records).
    QueryPtr query;
    std::vector<Statement> statements;  // let statements before it
    /// What follows `<|` as text (.ingest inline, .execute database script), from the next
    /// character or, when the line ends there, from the next line on.
    std::string data;
    /// String and other literals in order: docstring, mapping JSON, policy JSON, sources.
    std::vector<ExprPtr> values;
    /// `column.type = …` and so on.
    columns::DataType type = columns::DataType::String;
    /// `.show … | where … | project …`
    std::vector<OperatorPtr> pipe;

    bool has_choice(std::string_view word) const;
};

}  // namespace qd::kql
