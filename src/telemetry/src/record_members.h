#pragma once

#include "qd/base/result.h"
#include "qd/codec/value.h"

#include <string>
#include <string_view>

/// What the readers of Azure's records share: members by name without regard to case (exporters
/// write Level and level), the envelope's columns, resource ids, the forms of `time`.
namespace qd::telemetry {

/// ASCII lower case.
std::string lower(std::string_view text);
std::string pascal(std::string_view name);
/// `name` in lower case; null when there is none.
const Value* member_folded(const Value& object, std::string_view name);

/// The column of an envelope member (in lower case), or empty when it is none of the envelope's.
std::string_view envelope_column(std::string_view folded_name);

/// Members of `properties`; when it is JSON text, of what the text says. Null value otherwise.
Value properties_of_record(const Value& record);

/// A record with more members than this is refused; looking names up in an Object is linear.
inline constexpr std::size_t kRecordMembersMax = 2'000;
Status check_member_count(const Value& record);

/// ISO 8601 text as it is, month-first US text ("1/9/2007 9:41:00 AM +01:00") as ISO 8601 in UTC,
/// blanks behind colons left out (some writers pretty-print their text); anything else as it is
/// (the row is refused for it).
Value record_time(const Value& time);

/// The parts of "/subscriptions/S/resourceGroups/G/providers/P/type/name"; missing ones are empty.
struct ResourceId {
    std::string subscription;
    std::string group;
    std::string provider;
    std::string type;
    std::string name;
};
ResourceId parse_resource_id(std::string_view id);
/// Whether Entra itself wrote the record.
bool is_entra_resource(const Value& record);

}  // namespace qd::telemetry
