#include "qd/store/store.h"

namespace qd::store {

Result<std::unique_ptr<Statement>> Transaction::query(std::string_view sql,
                                                      std::initializer_list<Param> params) {
    QD_TRY(auto statement, prepare(sql));
    QD_CHECK_OK(statement->bind({params.begin(), params.size()}));
    return statement;
}

Status Transaction::run(std::string_view sql, std::initializer_list<Param> params) {
    QD_TRY(const auto statement, query(sql, params));
    bool row = true;
    while (row) {
        QD_TRY(row, statement->step());
    }
    return {};
}

Result<std::optional<std::int64_t>> Transaction::integer(std::string_view sql,
                                                         std::initializer_list<Param> params) {
    QD_TRY(const auto statement, query(sql, params));
    QD_TRY(const bool row, statement->step());
    if (!row || statement->is_null(0)) {
        return std::optional<std::int64_t>();
    }
    return std::optional<std::int64_t>(statement->integer(0));
}

Result<std::optional<std::string>> Transaction::text(std::string_view sql,
                                                     std::initializer_list<Param> params) {
    QD_TRY(const auto statement, query(sql, params));
    QD_TRY(const bool row, statement->step());
    if (!row || statement->is_null(0)) {
        return std::optional<std::string>();
    }
    return std::optional<std::string>(std::string(statement->text(0)));
}

}  // namespace qd::store
