#include "sqlite_error.h"

#include <sqlite3.h>

#include <string>

namespace qd::store::internal {

Error sqlite_error(sqlite3* db, int code, std::string_view doing) {
    const int extended = db != nullptr ? sqlite3_extended_errcode(db) : code;
    std::string message(doing);
    message += ": ";
    message += db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
    switch (code & 0xff) {
        case SQLITE_CONSTRAINT:
            if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY) {
                return {Code::AlreadyExists, "STO0006", std::move(message)};
            }
            return {Code::FailedPrecondition, "STO0007", std::move(message)};
        case SQLITE_FULL:
            return {Code::ResourceExhausted, "STO0003", std::move(message)};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {Code::Unavailable, "STO0004", std::move(message)};
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return {Code::DataLoss, "STO0002", std::move(message)};
        default:
            return {Code::Internal, "STO0001", std::move(message)};
    }
}

}  // namespace qd::store::internal
