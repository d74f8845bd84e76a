#pragma once

#include "qd/alerting/alert_service.h"
#include "qd/automation/workflow_service.h"
#include "qd/base/files.h"
#include "qd/base/log.h"
#include "qd/base/result.h"
#include "qd/query/query_service.h"
#include "qd/server/config.h"

#include <string>
#include <vector>

namespace qd::server {

/// One file of the artefact directory that could not be taken, or was taken with remarks.
struct ArtefactFinding {
    std::string path;
    bool error = false;
    std::string message;
};

/// Loads functions/*.kql, workflows/*.json, action-groups/*.json and rules/*.json of a directory. A
/// bad file is a finding and never keeps the others from loading.
std::vector<ArtefactFinding> load_artefacts(const std::string& dir, Files& files,
                                            alerting::AlertService& alerts,
                                            automation::WorkflowService& workflows,
                                            query::QueryService& queries,
                                            std::optional<Timestamp> rules_start);

}  // namespace qd::server
