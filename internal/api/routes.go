package api

import (
	"github.com/regulars/regulars/internal/auth"
	"github.com/regulars/regulars/internal/bulk"
)

// What a credential needs: one permission of a line is enough.
var (
	bulkWork    = []auth.Permission{auth.BulkUpdateUser}
	readFields  = []auth.Permission{auth.UserFields, auth.BulkUpdateUser, auth.GetUserData}
	writeFields = []auth.Permission{auth.UserFields}
	readValues  = []auth.Permission{auth.UserFields, auth.GetUserData}
	tagMembers  = []auth.Permission{auth.UserFields, auth.BulkUpdateUser}
	readRoles   = []auth.Permission{auth.ManageRoles, auth.BulkUpdateUser, auth.GetUserData}
	manageRoles = []auth.Permission{auth.ManageRoles}
	readUsers   = []auth.Permission{auth.GetUserData}

	beMember        = []auth.Permission{auth.BeMember}
	manageCommunity = []auth.Permission{auth.Community}
)

// routes lists every operation: where it is, what it is called, what a
// credential needs, and what is special about it.
func (a *API) routes() {
	a.bulkRoutes(area{a, "Bulk"})
	a.serverRoutes(area{a, "Servers"})
	a.roleRoutes(area{a, "Roles"})
	a.userRoutes(area{a, "Users"})
	a.fieldRoutes(area{a, "User fields"})
}

func (a *API) bulkRoutes(g area) {
	addRaw(g, route{"POST", "/v1/users/bulk-import", "importUsers", "Import members from a file", bulkWork, seen | inBody | open | takesFile}, describeImport, a.start(bulk.Import))
	addRaw(g, route{"POST", "/v1/users/bulk-update", "updateUsers", "Update members from a file", bulkWork, seen | inBody | takesFile}, describeUpdate, a.start(bulk.Update))
	addRaw(g, route{"GET", "/v1/users/bulk-import/template", "getImportTemplate", "Template of an import file", bulkWork, 0}, describeTemplate, a.importTemplate)
	add(g, route{"GET", "/v1/users/bulk-update", "listBulkJobs", "List bulk jobs", bulkWork, seen}, a.listJobs)
	add(g, route{"GET", "/v1/users/bulk-update/{jobId}/status", "getBulkJob", "Status of a bulk job", bulkWork, seen}, a.jobStatus)
	add(g, route{"GET", "/v1/users/bulk-update/{jobId}/details", "listBulkRows", "Rows of a bulk job", bulkWork, seen}, a.jobDetails)
	addRaw(g, route{"GET", "/v1/users/bulk-update/{jobId}/failed.csv", "getFailedRows", "Failed rows of a bulk job", bulkWork, 0}, describeFailed, a.failedRows)
	addRaw(g, route{"GET", "/v1/users/bulk-update/{jobId}/progress", "streamBulkJob", "Progress of a bulk job, live", bulkWork, 0}, describeProgress, a.jobProgress)
	add(g, route{"POST", "/v1/users/bulk-update/{jobId}/cancel", "cancelBulkJob", "Cancel a bulk job", bulkWork, inBody}, a.cancelJob)
	add(g, route{"POST", "/v1/users/bulk-update/{jobId}/apply", "applyBulkJob", "Apply the plan of a dry run", bulkWork, inBody | forever}, a.applyJob)
	add(g, route{"POST", "/v1/users/bulk-update/{jobId}/undo", "undoBulkJob", "Undo a bulk job", bulkWork, inBody | forever}, a.undoJob)
	add(g, route{"GET", "/v1/communities/{communityId}/tags", "listTags", "List tags", tagMembers, 0}, a.listTags)
	add(g, route{"POST", "/v1/communities/{communityId}/tags", "createTag", "Create a tag", tagMembers, created}, a.createTag)
	add(g, route{"DELETE", "/v1/communities/{communityId}/tags/{tagId}", "deleteTag", "Delete a tag", tagMembers, 0}, a.deleteTag)
}

func (a *API) serverRoutes(g area) {
	add(g, route{"POST", "/v1/servers", "createServer", "Create a community", manageCommunity, personal | created}, a.createServer)
	add(g, route{"GET", "/v1/servers", "listServers", "List your communities", manageCommunity, personal}, a.listServers)
	add(g, route{"GET", "/v1/servers/{serverId}", "getServer", "Get a community", beMember, 0}, a.getServer)
	add(g, route{"PUT", "/v1/servers/{serverId}", "updateServer", "Change a community", manageCommunity, 0}, a.updateServer)
}

func (a *API) roleRoutes(g area) {
	add(g, route{"POST", "/v1/roles", "createRole", "Create a role", manageRoles, seen | inBody}, a.createRole)
	add(g, route{"PUT", "/v1/roles/{id}", "updateRole", "Change a role", manageRoles, seen | inBody}, a.updateRole)
	add(g, route{"DELETE", "/v1/roles/{id}", "deleteRole", "Delete a role", manageRoles, seen}, a.deleteRole)
	add(g, route{"GET", "/v1/roles/{id}", "listUserRoles", "List the roles of a user", readRoles, seen}, a.userRoles)
	add(g, route{"POST", "/v1/roles/{id}/add", "addRole", "Give a role to a user", manageRoles, seen | inBody}, a.addRole)
	add(g, route{"POST", "/v1/roles/{id}/remove", "removeRole", "Take a role from a user", manageRoles, seen | inBody}, a.removeRole)
	add(g, route{"GET", "/v1/servers/{serverId}/roles", "listRoles", "List roles", readRoles, 0}, a.listRoles)
}

func (a *API) userRoutes(g area) {
	add(g, route{"POST", "/v1/users/info", "getUserData", "Data of one user", readUsers, seen | inBody | reads}, a.userInfo)
	add(g, route{"GET", "/v1/communities/{communityId}/users", "listUsers", "List users", readUsers, 0}, a.listUsers)
}

func (a *API) fieldRoutes(g area) {
	add(g, route{"GET", "/v1/communities/{communityId}/user-fields", "listUserFields", "List user fields", readFields, 0}, a.listFields)
	add(g, route{"POST", "/v1/communities/{communityId}/user-fields", "createUserField", "Create a user field", writeFields, created}, a.createField)
	add(g, route{"GET", "/v1/communities/{communityId}/user-field-histories", "listHistories", "List changes of values", readValues, 0}, a.listHistories)
	add(g, route{"GET", "/v1/communities/{communityId}/user-fields/{fieldId}/histories", "listFieldHistories", "List changes of a field's values", readValues, 0}, a.listFieldHistories)
	add(g, route{"GET", "/v1/communities/{communityId}/users/{userId}/user-field-histories", "listUserHistories", "List changes of a user's values", readValues, 0}, a.listUserHistories)
	add(g, route{"GET", "/v1/communities/{communityId}/users/{userId}/user-fields/{fieldId}/histories", "listUserFieldHistories", "List changes of one value", readValues, 0}, a.listUserFieldHistories)
	add(g, route{"POST", "/v1/communities/{communityId}/users/{userId}/user-fields/{fieldId}/histories", "createHistory", "Change a value", writeFields, created}, a.createHistory)
	add(g, route{"POST", "/v1/communities/{communityId}/user-field-histories/{historyId}/revert", "revertHistory", "Take back a change", writeFields, 0}, a.revertHistory)
}
