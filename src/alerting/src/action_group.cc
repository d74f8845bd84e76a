#include "qd/alerting/action_group.h"

#include "document_reader.h"

#include <algorithm>
#include <set>

namespace qd::alerting {

namespace {

constexpr std::string_view kReceiverLists[] = {
    "emailReceivers",      "smsReceivers",
    "voiceReceivers",      "azureAppPushReceivers",
    "webhookReceivers",    "itsmReceivers",
    "logicAppReceivers",   "automationRunbookReceivers",
    "armRoleReceivers",    "azureFunctionReceivers",
    "eventHubReceivers",   "incidentReceivers",
    "qdPlaybookReceivers",
};

std::string_view last_segment(std::string_view id) {
    const std::size_t slash = id.rfind('/');
    return slash == std::string_view::npos ? id : id.substr(slash + 1);
}

void load_list(DocumentReader& reader, Value& properties, std::string_view list,
               std::set<std::string>& names, std::vector<Receiver>& receivers) {
    Value* found = DocumentReader::field(properties, list);
    if (found == nullptr) {
        return;
    }
    const std::string path = "properties." + std::string(list);
    Array* items = found->if_array();
    if (items == nullptr) {
        reader.error("ALR0103", path, "value has the wrong type, wanted a list of receivers");
        return;
    }
    for (std::size_t i = 0; i < items->size(); ++i) {
        Value& item = (*items)[i];
        const std::string inner = path + "[" + std::to_string(i) + "]";
        Receiver receiver;
        receiver.kind = std::string(list);
        receiver.name = reader.text(item, "name", inner).value_or("");
        if (receiver.name.empty()) {
            reader.error("ALR0102", inner + ".name", "property is missing");
        } else if (!names.insert(receiver.name).second) {
            reader.error("ALR0121", inner + ".name",
                         "receiver name is used twice: " + receiver.name);
        }
        receiver.common_schema =
            reader.boolean(item, "useCommonAlertSchema", inner).value_or(false);
        if (receiver.deliverable()) {
            const bool webhook = list == "webhookReceivers";
            const std::string_view field = webhook ? "serviceUri" : "workflow";
            receiver.target = reader.text(item, field, inner).value_or("");
            const bool url = receiver.target.rfind("http://", 0) == 0 ||
                             receiver.target.rfind("https://", 0) == 0;
            if (receiver.target.empty() || (webhook && !url)) {
                reader.error("ALR0102", inner + "." + std::string(field),
                             webhook ? "address must begin with http:// or https://"
                                     : "property is missing");
            }
        } else {
            reader.warn("ALR0122", inner,
                        "receivers of this kind are not delivered yet: " + std::string(list));
        }
        receivers.push_back(std::move(receiver));
    }
}

}  // namespace

bool LoadedActionGroup::has_errors() const {
    return std::any_of(findings.begin(), findings.end(),
                       [](const Finding& finding) { return finding.level == FindingLevel::Error; });
}

Result<LoadedActionGroup> parse_action_group(const Value& document) {
    LoadedActionGroup loaded;
    ActionGroup& group = loaded.group;
    group.document = document;
    DocumentReader reader(loaded.findings);
    Value* properties = DocumentReader::field(group.document, "properties");
    if (properties == nullptr || properties->if_object() == nullptr) {
        return Error(Code::InvalidArgument, "ALR0120", "document is no action group");
    }
    group.name = reader.text(group.document, "name", "").value_or("");
    group.id = reader.text(group.document, "id", "").value_or(group.name);
    if (group.id.empty()) {
        reader.error("ALR0102", "name", "property is missing");
    }
    group.short_name = reader.text(*properties, "groupShortName", "properties").value_or("");
    if (group.short_name.size() > 12) {
        reader.warn("ALR0106", "properties.groupShortName", "text is longer than 12 characters");
    }
    group.enabled = reader.boolean(*properties, "enabled", "properties").value_or(true);
    std::set<std::string> names;
    for (const std::string_view list : kReceiverLists) {
        load_list(reader, *properties, list, names, group.receivers);
    }
    return loaded;
}

bool refers_to(std::string_view reference, const ActionGroup& group) {
    return equals_without_case(reference, group.id) ||
           (!group.name.empty() && equals_without_case(last_segment(reference), group.name));
}

}  // namespace qd::alerting
