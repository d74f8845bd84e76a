#pragma once

#include "qd/telemetry/otlp_rows.h"

#include <map>
#include <memory>
#include <string>

namespace qd::telemetry {

/// The builders of the tables one request touches, made when first needed.
class TableSet {
  public:
    explicit TableSet(RowSink& sink) : sink_(sink) {}
    /// Errors: Internal TEL0010 when the table does not exist.
    Result<RowBuilder*> table(std::string_view name);
    MappedRows finish();

  private:
    RowSink& sink_;
    std::map<std::string, std::unique_ptr<RowBuilder>, std::less<>> builders_;
};

/// Columns every App* row takes from its resource and scope.
void put_resource(RowBuilder& row, const OtlpResource& resource);

/// All attributes as text, resource and scope included: what Application Insights keeps as
/// customDimensions.
Object properties_of(const Attributes& attributes, const OtlpResource& resource,
                     const OtlpScope& scope);

Object to_object(const Attributes& attributes);

/// Time of preference, else arrival.
Timestamp time_or(std::uint64_t ns, Timestamp otherwise);

}  // namespace qd::telemetry
