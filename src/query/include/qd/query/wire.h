#pragma once

#include "qd/base/result.h"
#include "qd/kql/engine.h"

#include <cstdint>
#include <string>
#include <string_view>

/// Query answers as the originals' REST APIs write them (Kusto REST v1 and v2, Log Analytics query
/// API). Pure functions: bytes out, nothing sent. Threads: any.
namespace qd::query {

struct AnswerIds {
    std::string client_request_id;
    std::string activity_id;  // a guid
    std::string database;
    Timestamp at;  // when the answer was made
};

/// `{"tables":[…]}`; dynamic cells are JSON text in a string. A cut result carries `error` with
/// code PartialError. Source: Log Analytics API, response format.
std::string log_analytics_body(const kql::QueryResult& result, bool with_render,
                               bool with_statistics);
/// `{"error":{…}}` with line and position for errors of the text. `status` receives the HTTP
/// status.
std::string log_analytics_error(const Error& error, std::string_view query_text,
                                const AnswerIds& ids, int& status);

/// `{"Tables":[…]}`. A query answer carries properties, status and a table of contents behind its
/// results; a management answer is the one table. Source: Kusto REST, response (v1).
std::string kusto_v1_query_body(const kql::QueryResult& result, const AnswerIds& ids);
std::string kusto_v1_management_body(const kql::QueryResult& result);

struct KustoV2Options {
    bool progressive = false;  // TableHeader/Fragment/Completion frames
    bool newline_between_frames = false;
    enum class ErrorPlacement : std::uint8_t { InData, EndOfTable, EndOfDataset };
    ErrorPlacement errors = ErrorPlacement::InData;
};
/// The JSON array of frames. Source: Kusto REST, response (v2).
std::string kusto_v2_body(const kql::QueryResult& result, const AnswerIds& ids,
                          const KustoV2Options& options);

/// Kusto's error object for a request that failed before any row.
std::string kusto_error(const Error& error, std::string_view query_text, const AnswerIds& ids,
                        int& status);

}  // namespace qd::query
