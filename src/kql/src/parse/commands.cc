// Management commands. A table of shapes says which words and parts a command has; one small
// matcher reads a command along a shape. Shapes are tried in order: the first that fits to the end
// wins, and when none fits the error of the one that went farthest is reported.
//
// A shape is words with blanks between:
//   word      the word itself (dashes included);       a|b   one of them, kept in choices
//   ?word     may be missing, kept in choices when there
//   <name>    a name or dotted path, also in quotes;   <names>  several, in parentheses or not
//   <schema>  (a:long, …)        <table>  name and schema      <tables>  several of them
//   <with>    with ( … ), may be missing
//   <function> name, parameters and body               <body>   { query }
//   <query>   <| and a query     <data>   <| and text to the end
//   <value>   a literal          <values> ( literals )          <type>   a type
//   <rest>    anything up to the end or a pipe
// Source: Kusto management command reference; kql.md a.7.
#include "parse/parser_impl.h"

#include <algorithm>
#include <array>

namespace qd::kql {
namespace {

struct Shape {
    CommandKind kind;
    std::string_view text;
};

constexpr std::string_view kPolicies =
    "retention|update|caching|row_level_security|ingestionbatching|merge|sharding|encoding|"
    "partitioning|restricted_view_access|streamingingestion|roworder|auto_delete|ingestiontime";

using enum CommandKind;
constexpr std::array kShapes = {
    Shape{CreateTable, "create table <table> <with>"},
    Shape{CreateMergeTable, "create-merge table <table> <with>"},
    Shape{AlterTableDocstring, "alter table <name> docstring <value>"},
    Shape{AlterTableFolder, "alter table <name> folder <value>"},
    Shape{AlterTable, "alter table <table> <with>"},
    Shape{AlterMergeTable, "alter-merge table <table> <with>"},
    Shape{CreateTables, "create tables <tables> <with>"},
    Shape{CreateMergeTables, "create-merge tables <tables> <with>"},
    Shape{AlterColumnType, "alter column <name> type = <type>"},
    Shape{RenameTable, "rename table <name> to <name>"},
    Shape{RenameColumn, "rename column <name> to <name>"},
    Shape{DropTable, "drop table <name> ?ifexists"},
    Shape{DropTables, "drop tables <names> ?ifexists"},
    Shape{DropColumn, "drop column <name>"},
    Shape{DropColumns, "drop table <name> columns <names>"},
    Shape{ClearTableData, "clear ?async table <name> data"},
    Shape{DeleteTableRecords, "delete ?async table <name> records <with> <query>"},
    Shape{IngestInline, "ingest inline into table <name> <with> <data>"},
    Shape{IngestInto, "ingest ?async into table <name> <values> <with>"},
    Shape{SetFromQuery, "set ?async <name> <with> <query>"},
    Shape{AppendFromQuery, "append ?async <name> <with> <query>"},
    Shape{SetOrAppend, "set-or-append ?async <name> <with> <query>"},
    Shape{SetOrReplace, "set-or-replace ?async <name> <with> <query>"},
    Shape{CreateFunction, "create function ?ifnotexists <with> <function>"},
    Shape{CreateOrAlterFunction, "create-or-alter function <with> <function>"},
    Shape{AlterFunctionDocstring, "alter function <name> docstring <value>"},
    Shape{AlterFunctionFolder, "alter function <name> folder <value>"},
    Shape{AlterFunction, "alter function <with> <function>"},
    Shape{DropFunction, "drop function <name> ?ifexists"},
    Shape{ShowFunctions, "show functions"},
    Shape{ShowFunction, "show function <name>"},
    Shape{ShowTablesDetails, "show tables details"},
    Shape{ShowTables, "show tables <names>"},
    Shape{ShowTables, "show tables"},
    Shape{ShowTableDetails, "show table <name> details"},
    Shape{ShowTableCslSchema, "show table <name> cslschema"},
    Shape{ShowTableSchemaJson, "show table <name> schema as json"},
    Shape{ShowIngestionMapping,
          "show table <name> ingestion csv|json|avro|parquet|orc mapping <value>"},
    Shape{ShowIngestionMappings, "show table <name> ingestion csv|json|avro|parquet|orc mappings"},
    Shape{ShowIngestionMappings, "show table <name> ingestion mappings"},
    Shape{ShowPrincipals, "show table|function <name> principals"},
    Shape{ShowTable, "show table <name>"},
    Shape{ShowDatabasesEntities, "show databases entities"},
    Shape{ShowDatabasesSchemaJson, "show databases schema as json"},
    Shape{ShowDatabasesSchemaJson, "show databases <names> schema as json"},
    Shape{ShowDatabasesSchema, "show databases schema"},
    Shape{ShowDatabases, "show databases"},
    Shape{ShowPrincipals, "show database principals"},
    Shape{ShowPrincipals, "show database <name> principals"},
    Shape{ShowDatabaseSchemaJson, "show database schema as json"},
    Shape{ShowDatabaseSchemaJson, "show database <name> schema as json"},
    Shape{ShowDatabaseCslSchema, "show database schema as csl ?script"},
    Shape{ShowDatabaseCslSchema, "show database <name> schema as csl ?script"},
    Shape{ShowDatabaseCslSchema, "show database cslschema ?script"},
    Shape{ShowDatabaseCslSchema, "show database <name> cslschema ?script"},
    Shape{ShowDatabaseSchema, "show database schema"},
    Shape{ShowDatabaseSchema, "show database <name> schema"},
    Shape{ShowDatabase, "show database <name>"},
    Shape{ShowDatabase, "show database"},
    Shape{ShowVersion, "show version"},
    Shape{ShowCluster, "show cluster"},
    Shape{ShowSchema, "show schema"},
    Shape{ShowPolicy, "show database policy <policy>"},
    Shape{ShowPolicy, "show table|database|materialized-view|column <name> policy <policy>"},
    Shape{
        AlterPolicy,
        "alter|alter-merge table|database|materialized-view|column <name> policy <policy> <rest>"},
    Shape{DeletePolicy, "delete table|database|materialized-view|column <name> policy <policy>"},
    Shape{CreateMaterializedView,
          "create ?async ?ifnotexists materialized-view <with> <name> on table|materialized-view "
          "<name> <body>"},
    Shape{
        CreateOrAlterMaterializedView,
        "create-or-alter materialized-view <with> <name> on table|materialized-view <name> <body>"},
    Shape{AlterMaterializedView,
          "alter materialized-view <with> <name> on table|materialized-view <name> <body>"},
    Shape{DropMaterializedView, "drop materialized-view <name> ?ifexists"},
    Shape{ShowMaterializedViews, "show materialized-views"},
    Shape{ShowMaterializedView, "show materialized-view <name>"},
    Shape{CreateIngestionMapping,
          "create table <name> ingestion csv|json|avro|parquet|orc mapping <value> <value>"},
    Shape{CreateOrAlterIngestionMapping,
          "create-or-alter|alter table <name> ingestion csv|json|avro|parquet|orc mapping <value> "
          "<value>"},
    Shape{DropIngestionMapping,
          "drop table <name> ingestion csv|json|avro|parquet|orc mapping <value>"},
    Shape{ShowQueries, "show queries"},
    Shape{ShowRunningQueries, "show running queries"},
    Shape{ShowCommands, "show commands"},
    Shape{ShowOperations, "show operations"},
    Shape{ShowOperations, "show operations <value>"},
    Shape{ShowIngestionFailures, "show ingestion failures"},
    Shape{ShowDiagnostics, "show diagnostics"},
    Shape{ShowCapacity, "show capacity"},
    Shape{CancelQuery, "cancel query <value>"},
    Shape{ExecuteDatabaseScript, "execute ?database script <with> <data>"},
    Shape{AddPrincipals,
          "add database|table|function <name> "
          "viewers|users|admins|ingestors|monitors|unrestrictedviewers <values> <rest>"},
    Shape{DropPrincipals,
          "drop database|table|function <name> "
          "viewers|users|admins|ingestors|monitors|unrestrictedviewers <values> <rest>"},
    Shape{SetPrincipals,
          "set database|table|function <name> "
          "viewers|users|admins|ingestors|monitors|unrestrictedviewers <rest>"},
    Shape{ShowPrincipalRoles, "show principal roles"},
};

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const std::size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    }
    return parts;
}

/// Reads one command along one shape.
class ShapeReader {
  public:
    ShapeReader(Parser& parser, Command& command) : p_(parser), command_(command) {}

    bool read(std::string_view shape) {
        for (const std::string_view part : split(shape, ' ')) {
            element(part);
            if (p_.panic()) {
                return false;
            }
        }
        if (p_.at(Punct::Bar)) {
            Query pipe;
            p_.parse_pipeline(pipe);
            command_.pipe = std::move(pipe.operators);
        }
        p_.accept(Punct::Semicolon);
        if (!p_.panic() && !p_.at_end()) {
            p_.fail_unexpected();
        }
        return !p_.panic();
    }
    std::size_t words() const { return words_; }

  private:
    void element(std::string_view part) {
        if (part[0] != '<') {
            words(part);
        } else if (part == "<name>") {
            name();
        } else if (part == "<names>") {
            names();
        } else if (part == "<policy>") {
            words(kPolicies);
        } else if (part == "<table>") {
            table();
        } else if (part == "<tables>") {
            do {
                table();
            } while (!p_.panic() && p_.accept(Punct::Comma));
        } else if (part == "<with>") {
            if (p_.accept_word("with")) {
                command_.properties = p_.parse_properties();
            }
        } else if (part == "<function>") {
            function();
        } else if (part == "<body>") {
            body(p_.here());
        } else if (part == "<query>") {
            query();
        } else if (part == "<data>") {
            data();
        } else if (part == "<value>") {
            value();
        } else if (part == "<values>") {
            values();
        } else if (part == "<type>") {
            command_.type = p_.parse_type().value_or(columns::DataType::String);
        } else if (part == "<rest>") {
            rest();
        }
    }

    void words(std::string_view part) {
        if (part == "=") {
            p_.expect(Punct::Assign);
            return;
        }
        const bool optional = part[0] == '?';
        if (optional) {
            part.remove_prefix(1);
        }
        std::size_t tokens = 0;
        const std::string_view word = p_.dashed_word(tokens);
        for (const std::string_view choice : split(part, '|')) {
            if (word == choice) {
                p_.jump_to(p_.position() + tokens);
                command_.words.emplace_back(word);
                ++words_;
                if (optional || choice.size() != part.size()) {
                    command_.choices.emplace_back(word);
                }
                return;
            }
        }
        if (!optional) {
            p_.fail_expected(part);
        }
    }

    void name() {
        const std::uint32_t begin = p_.here();
        if (p_.peek().kind == TokenKind::String) {
            const Token token = p_.take();
            command_.names.push_back(Name{read_string(token.text).text, token.span});
            return;
        }
        if (p_.accept(Punct::Star)) {  // `.show table * policy …`
            command_.names.push_back(Name{"*", p_.span_from(begin)});
            return;
        }
        command_.names.push_back(p_.parse_name());
        while (!p_.panic() && p_.accept(Punct::Dot)) {
            command_.names.push_back(p_.parse_name());
        }
    }

    void names() {
        const bool parens = p_.accept(Punct::OpenParen);
        do {
            name();
        } while (!p_.panic() && p_.accept(Punct::Comma));
        if (parens) {
            p_.expect(Punct::CloseParen);
        }
    }

    void table() {
        Command::Table table;
        if (p_.peek().kind == TokenKind::String) {
            const Token token = p_.take();
            table.name = Name{read_string(token.text).text, token.span};
        } else {
            table.name = p_.parse_name();
        }
        table.columns = p_.parse_row_schema();
        command_.tables.push_back(std::move(table));
    }

    void function() {
        name();
        const std::uint32_t begin = p_.here();
        std::vector<Parameter> parameters = p_.parse_parameter_declarations();
        command_.parameters_text = std::string(p_.source(p_.span_from(begin)));
        body(begin);
        if (command_.function != nullptr) {
            command_.function->parameters = std::move(parameters);
        }
    }

    void body(std::uint32_t begin) {
        auto lambda = std::make_unique<Lambda>();
        const std::uint32_t open = p_.here();
        p_.parse_lambda_body(*lambda);
        const TextSpan braces = p_.span_from(open);
        if (braces.length >= 2 && !p_.panic()) {
            command_.body_text = std::string(p_.source({braces.offset + 1, braces.length - 2}));
        }
        lambda->span = p_.span_from(begin);
        command_.function = std::move(lambda);
    }

    void query() {
        p_.expect(Punct::LessBar);
        std::vector<Statement> statements;
        if (!p_.panic()) {
            p_.parse_statements(statements);
        }
        while (!statements.empty() && command_.query == nullptr) {
            if (statements.back().kind() == StatementKind::Query) {
                command_.query = std::move(statements.back().as<QueryStatement>().query);
            }
            statements.pop_back();
        }
        command_.statements = std::move(statements);
        if (!p_.panic() && command_.query == nullptr) {
            p_.fail_expected("a query after <|");
        }
    }

    void data() {
        const std::uint32_t end = p_.peek().end();
        if (!p_.expect(Punct::LessBar)) {
            return;
        }
        std::string_view text = p_.text().substr(end);
        // Data begin on the next line when nothing stands behind the mark.
        const std::size_t line = text.find_first_not_of(" \t");
        if (line != std::string_view::npos && (text[line] == '\n' || text[line] == '\r')) {
            text.remove_prefix(line + (text.substr(line, 2) == "\r\n" ? 2U : 1U));
        }
        command_.data = std::string(text);
        p_.skip_to_offset(static_cast<std::uint32_t>(p_.text().size()));
    }

    // One literal: `mapping 'name' '[…]'` must not join its two strings.
    void value() {
        if (p_.peek().kind != TokenKind::String) {
            command_.values.push_back(p_.parse_parameter_value());
            return;
        }
        const Token token = p_.take();
        Literal literal;
        literal.value = columns::Scalar::of_string(read_string(token.text).text);
        command_.values.push_back(p_.make(std::move(literal), token.span));
    }

    void values() {
        const bool parens = p_.accept(Punct::OpenParen);
        while (!p_.panic() && !p_.at(Punct::CloseParen)) {
            command_.values.push_back(p_.parse_parameter_value());
            if (!p_.accept(Punct::Comma)) {
                break;
            }
        }
        if (parens) {
            p_.expect(Punct::CloseParen);
        }
    }

    // Free text of a policy: literals into values, words into choices, `a = b` into properties.
    void rest() {
        while (!p_.panic() && !p_.at_end() && !p_.at(Punct::Bar) && !p_.at(Punct::Semicolon)) {
            if (p_.at_name() && p_.at(Punct::Assign, p_.name_length())) {
                OperatorParameter property;
                const std::uint32_t begin = p_.here();
                property.name = p_.parse_name();
                p_.take();
                property.value = p_.parse_parameter_value();
                property.span = p_.span_from(begin);
                command_.properties.push_back(std::move(property));
            } else if (ExprPtr literal = p_.parse_literal()) {
                command_.values.push_back(std::move(literal));
            } else {
                const Token token = p_.take();
                if (token.kind == TokenKind::Word) {
                    command_.choices.emplace_back(token.text);
                }
            }
        }
    }

    Parser& p_;
    Command& command_;
    std::size_t words_ = 0;
};

}  // namespace

std::unique_ptr<Command> Parser::parse_command() {
    const std::uint32_t begin = here();
    take();  // the dot
    any_name_ = true;
    const std::size_t start = position();
    std::vector<Diagnostic> farthest;
    std::size_t farthest_position = 0;
    std::size_t farthest_words = 0;
    std::unique_ptr<Command> farthest_command;
    for (const Shape& shape : kShapes) {
        pos_ = start;
        panic_ = false;
        stopped_ = false;
        diagnostics_.clear();
        auto command = std::make_unique<Command>();
        command->kind = shape.kind;
        ShapeReader reader(*this, *command);
        const bool fits = reader.read(shape.text) && diagnostics_.empty();
        command->span = TextSpan{begin, static_cast<std::uint32_t>(text_.size()) - begin};
        if (fits) {
            return command;
        }
        // Equal progress: the shape that asked for more words is the one that was meant.
        if (pos_ > farthest_position) {
            farthest_position = pos_;
            farthest_words = reader.words();
            farthest = diagnostics_;
            farthest_command = std::move(command);
        }
    }
    pos_ = start;
    if (farthest_words >= 2) {
        diagnostics_ = std::move(farthest);
        pos_ = tokens_.size() - 1;
        return farthest_command;
    }
    diagnostics_.clear();
    panic_ = false;
    stopped_ = false;
    auto unknown = std::make_unique<Command>();
    unknown->span = TextSpan{begin, static_cast<std::uint32_t>(text_.size()) - begin};
    while (unknown->words.size() < 4) {
        std::size_t tokens = 0;
        const std::string_view word = dashed_word(tokens);
        if (word.empty()) {
            break;
        }
        unknown->words.emplace_back(word);
        pos_ += tokens;
    }
    if (unknown->words.empty()) {
        fail_expected("a command after the dot");
    }
    pos_ = tokens_.size() - 1;
    return unknown;
}

}  // namespace qd::kql
