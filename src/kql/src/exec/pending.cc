#include "exec/runtime.h"

namespace qd::kql {

namespace {
Error pending(std::string_view op) {
    return Error(Code::Unimplemented, "KQL0004",
                 "operator is not implemented yet: " + std::string(op));
}
}  // namespace

Result<bool> Runtime::parse(const ParseOp&, Sink&) {
    return pending("parse");
}
Result<bool> Runtime::parse_kv(const ParseKvOp&, Sink&) {
    return pending("parse-kv");
}
Result<bool> Runtime::state_scan(const StateScanOp&, Sink&) {
    return pending("scan");
}
Result<bool> Runtime::top_nested(const TopNestedOp&, Sink&) {
    return pending("top-nested");
}
Result<bool> Runtime::reduce(const ReduceOp&, Sink&) {
    return pending("reduce");
}

}  // namespace qd::kql
