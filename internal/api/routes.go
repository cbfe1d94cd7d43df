package api

import (
	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk"
)

// What a credential needs: one permission of a line is enough.
var (
	bulkWork    = []actor.Permission{access.PermBulkUpdateUser}
	readFields  = []actor.Permission{access.PermUserFields, access.PermBulkUpdateUser, access.PermGetUserData}
	writeFields = []actor.Permission{access.PermUserFields}
	readValues  = []actor.Permission{access.PermUserFields, access.PermGetUserData}
	tagMembers  = []actor.Permission{access.PermUserFields, access.PermBulkUpdateUser}
	readRoles   = []actor.Permission{access.PermManageRoles, access.PermBulkUpdateUser, access.PermGetUserData}
	manageRoles = []actor.Permission{access.PermManageRoles}

	seeChannels     = []actor.Permission{access.PermViewChannels, access.PermSendMessage, access.PermGetMessages}
	manageChannels  = []actor.Permission{access.PermManageChannels}
	explainChannels = []actor.Permission{access.PermManageChannels, access.PermManageRoles}

	readUsers = []actor.Permission{access.PermGetUserData}

	anyPerson       = []actor.Permission{access.PermAnyPerson}
	signedIn        = []actor.Permission{actor.PermSessionOnly}
	signMembersIn   = []actor.Permission{actor.PermSignIn}
	manageKeys      = []actor.Permission{access.PermAPIKeys}
	beMember        = []actor.Permission{access.PermAnyMember}
	manageCommunity = []actor.Permission{access.PermManageCommunity}
	mayInvite       = []actor.Permission{access.PermCreateInvites}
	seePenalties    = []actor.Permission{access.PermViewPenalties}
)

// routes lists every operation: where it is, what it is called, what a
// credential needs, and what is special about it.
func (a *API) routes() {
	a.authRoutes(area{a, "Authentication"})
	a.keyRoutes(area{a, "API keys"})
	a.bulkRoutes(area{a, "Bulk"})
	a.serverRoutes(area{a, "Servers"})
	a.roleRoutes(area{a, "Roles"})
	a.channelRoutes(area{a, "Channels"})
	a.userRoutes(area{a, "Users"})
	a.fieldRoutes(area{a, "User fields"})
}

func (a *API) authRoutes(g area) {
	add(g, route{"POST", "/v1/auth/register", "register", "Register", nil, anyone | created | signsIn}, a.register)
	add(g, route{"POST", "/v1/auth/verify-email", "verifyEmail", "Verify an email address", nil, anyone | expires | signsIn}, a.verifyEmail)
	add(g, route{"POST", "/v1/auth/login", "login", "Sign in", nil, anyone | secret | signsIn}, a.login)
	add(g, route{"GET", "/v1/auth/secure-auth", "secureAuth", "Sign a member in from another system", signMembersIn, seen}, a.secureAuth)
	add(g, route{"GET", "/api/secureAuth", "secureAuthOlder", "Sign a member in from another system", signMembersIn, seen}, a.secureAuth)
	add(g, route{"POST", "/v1/auth/logout", "logout", "Sign out", anyPerson, personal}, a.logout)
	add(g, route{"GET", "/v1/auth/me", "me", "Your account", anyPerson, personal}, a.me)
	add(g, route{"PUT", "/v1/auth/me", "updateMe", "Change your account", signedIn, personal | signsIn}, a.updateMe)
	add(g, route{"POST", "/v1/auth/forgot-password", "forgotPassword", "Ask for a new password", nil, anyone | signsIn}, a.forgotPassword)
	add(g, route{"POST", "/v1/auth/reset-password", "resetPassword", "Choose a new password", nil, anyone | expires | signsIn}, a.resetPassword)
	add(g, route{"POST", "/v1/auth/change-password", "changePassword", "Change the password", signedIn, personal | signsIn}, a.changePassword)
	add(g, route{"POST", "/v1/auth/totp", "startTotp", "Start a second factor", signedIn, personal | secret | signsIn}, a.startTotp)
	add(g, route{"POST", "/v1/auth/totp/confirm", "confirmTotp", "Switch the second factor on", signedIn, personal | secret | signsIn}, a.confirmTotp)
	add(g, route{"POST", "/v1/auth/totp/disable", "disableTotp", "Switch the second factor off", signedIn, personal | signsIn}, a.disableTotp)
	add(g, route{"GET", "/v1/auth/sessions", "listSessions", "List your sessions", signedIn, personal}, a.listSessions)
	add(g, route{"DELETE", "/v1/auth/sessions/{sessionId}", "endSession", "End a session", signedIn, personal}, a.endSession)
}

func (a *API) keyRoutes(g area) {
	add(g, route{"GET", "/v1/communities/{communityId}/api-keys", "listApiKeys", "List API keys", manageKeys, 0}, a.listKeys)
	add(g, route{"POST", "/v1/communities/{communityId}/api-keys", "createApiKey", "Create an API key", manageKeys, created | secret}, a.createKey)
	add(g, route{"PUT", "/v1/communities/{communityId}/api-keys/{keyId}", "updateApiKey", "Change an API key", manageKeys, 0}, a.updateKey)
	add(g, route{"POST", "/v1/communities/{communityId}/api-keys/{keyId}/rotate", "rotateApiKey", "Rotate an API key", manageKeys, created | secret}, a.rotateKey)
	add(g, route{"DELETE", "/v1/communities/{communityId}/api-keys/{keyId}", "deleteApiKey", "Delete an API key", manageKeys, 0}, a.deleteKey)
	add(g, route{"GET", "/v1/users/{userId}/api-keys", "listUserApiKeys", "List your API keys", manageKeys, personal}, a.listUserKeys)
	add(g, route{"POST", "/v1/users/{userId}/api-keys", "createUserApiKey", "Create an API key of yours", manageKeys, personal | created | secret}, a.createUserKey)
	add(g, route{"PUT", "/v1/users/{userId}/api-keys/{keyId}", "updateUserApiKey", "Change an API key of yours", manageKeys, personal}, a.updateUserKey)
	add(g, route{"DELETE", "/v1/users/{userId}/api-keys/{keyId}", "deleteUserApiKey", "Delete an API key of yours", manageKeys, personal}, a.deleteUserKey)
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
	add(g, route{"GET", "/v1/servers", "listServers", "List your communities", anyPerson, personal}, a.listServers)
	add(g, route{"GET", "/v1/servers/{serverId}", "getServer", "Get a community", beMember, 0}, a.getServer)
	add(g, route{"PUT", "/v1/servers/{serverId}", "updateServer", "Change a community", manageCommunity, 0}, a.updateServer)
	addRaw(g, route{"POST", "/v1/servers/{serverId}/logo", "setServerLogo", "Change a community's logo", manageCommunity, takesFile | created}, describeLogo, a.setLogo)
	add(g, route{"DELETE", "/v1/servers/{serverId}/logo", "removeServerLogo", "Remove a community's logo", manageCommunity, 0}, a.removeLogo)
	add(g, route{"DELETE", "/v1/servers/{serverId}", "deleteServer", "Delete a community", manageCommunity, 0}, a.deleteServer)
	add(g, route{"POST", "/v1/servers/{serverId}/restore", "restoreServer", "Restore a deleted community", manageCommunity, personal | expires}, a.restoreServer)
	add(g, route{"POST", "/v1/servers/{serverId}/join", "joinServer", "Join a community", manageCommunity, personal | expires}, a.joinServer)
	add(g, route{"POST", "/v1/servers/{serverId}/leave", "leaveServer", "Leave a community", manageCommunity, personal}, a.leaveServer)
	add(g, route{"POST", "/v1/servers/{serverId}/transfer", "transferServer", "Transfer a community", beMember, accepted}, a.transferServer)
	add(g, route{"GET", "/v1/servers/{serverId}/invites", "listInvites", "List invites", mayInvite, 0}, a.listInvites)
	add(g, route{"POST", "/v1/servers/{serverId}/invites", "createInvite", "Create an invite", mayInvite, created}, a.createInvite)
	add(g, route{"DELETE", "/v1/servers/{serverId}/invites/{code}", "revokeInvite", "Take an invite back", mayInvite, 0}, a.revokeInvite)
	add(g, route{"GET", "/v1/servers/{serverId}/penalties", "listPenalties", "List penalties", seePenalties, 0}, a.listPenalties)
	add(g, route{"POST", "/v1/servers/{serverId}/penalties", "createPenalty", "Give a penalty", seePenalties, created}, a.createPenalty)
	add(g, route{"DELETE", "/v1/servers/{serverId}/penalties/{penaltyId}", "liftPenalty", "Lift a penalty", seePenalties, 0}, a.liftPenalty)
	add(g, route{"GET", "/v1/servers/{serverId}/audit-log", "listAuditLog", "Read the audit log", manageCommunity, 0}, a.listAuditLog)
}

func (a *API) roleRoutes(g area) {
	add(g, route{"POST", "/v1/roles", "createRole", "Create a role", manageRoles, seen | inBody}, a.createRole)
	add(g, route{"PUT", "/v1/roles/{id}", "updateRole", "Change a role", manageRoles, inBody}, a.updateRole)
	add(g, route{"DELETE", "/v1/roles/{id}", "deleteRole", "Delete a role", manageRoles, 0}, a.deleteRole)
	add(g, route{"GET", "/v1/roles/{id}", "listUserRoles", "List the roles of a user", readRoles, seen}, a.userRoles)
	add(g, route{"POST", "/v1/roles/{id}/add", "addRole", "Give a role to a user", manageRoles, inBody}, a.addRole)
	add(g, route{"POST", "/v1/roles/{id}/remove", "removeRole", "Take a role from a user", manageRoles, inBody}, a.removeRole)
	add(g, route{"GET", "/v1/servers/{serverId}/roles", "listRoles", "List roles", readRoles, 0}, a.listRoles)
}

func (a *API) channelRoutes(g area) {
	add(g, route{"GET", "/v1/channels", "listChannels", "List channels", seeChannels, seen}, a.listChannels)
	add(g, route{"GET", "/v1/servers/{serverId}/channels", "listServerChannels", "List the channels of a community", seeChannels, seen}, a.listServerChannels)
	add(g, route{"POST", "/v1/channels", "createChannel", "Create a channel", manageChannels, inBody | created}, a.createChannel)
	add(g, route{"PUT", "/v1/channels/{channelId}", "updateChannel", "Change a channel", manageChannels, inBody}, a.updateChannel)
	add(g, route{"DELETE", "/v1/channels/{channelId}", "deleteChannel", "Delete a channel", manageChannels, 0}, a.deleteChannel)
	add(g, route{"PUT", "/v1/channels/{channelId}/overrides", "setChannelOverrides", "Set what a channel allows and denies", manageChannels, 0}, a.setOverrides)
	add(g, route{"GET", "/v1/channels/{channelId}/permissions/{userId}", "explainChannelPermissions", "What a user may do in a channel, and why", explainChannels, 0}, a.explainChannel)
	add(g, route{"GET", "/v1/channel-categories", "listChannelCategories", "List channel categories", seeChannels, 0}, a.listCategories)
	add(g, route{"POST", "/v1/channel-categories", "createChannelCategory", "Create a channel category", manageChannels, inBody | created}, a.createCategory)
	add(g, route{"PUT", "/v1/channel-categories/{categoryId}", "updateChannelCategory", "Change a channel category", manageChannels, inBody}, a.updateCategory)
	add(g, route{"DELETE", "/v1/channel-categories/{categoryId}", "deleteChannelCategory", "Delete a channel category", manageChannels, 0}, a.deleteCategory)
}

func (a *API) userRoutes(g area) {
	add(g, route{"POST", "/v1/users", "createUser", "Create a user", createUsers, seen | inBody}, a.createUser)
	add(g, route{"POST", "/v1/users/info", "getUserData", "Data of one user", readUsers, seen | inBody | reads}, a.userInfo)
	add(g, route{"POST", "/v1/users/filter", "filterUsers", "List users by a filter", readUsers, seen | inBody | reads}, a.filterUsers)
	add(g, route{"POST", "/v1/users/manage", "manageUser", "Delete or restore a user", manageUsers, seen | inBody}, a.manageUser)
	addRaw(g, route{"POST", "/v1/users/avatar", "setAvatar", "Change a user's picture", beMember, inBody | takesFile | created}, describeAvatar, a.setAvatar)
	add(g, route{"GET", "/v1/users/{userId}", "getUser", "Get a user", readUsers, seen}, a.selectUser)
	add(g, route{"GET", "/v1/communities/{communityId}/users", "listUsers", "List users", readUsers, 0}, a.listUsers)
	add(g, route{"GET", "/v1/communities/{communityId}/users/{userId}", "getCommunityUser", "Get a user of a community", readUsers, 0}, a.communityUser)
}

func (a *API) fieldRoutes(g area) {
	add(g, route{"GET", "/v1/communities/{communityId}/user-fields", "listUserFields", "List user fields", readFields, 0}, a.listFields)
	add(g, route{"POST", "/v1/communities/{communityId}/user-fields", "createUserField", "Create a user field", writeFields, created}, a.createField)
	add(g, route{"GET", "/v1/communities/{communityId}/user-fields/{fieldId}", "getUserField", "Get a user field", readFields, 0}, a.getField)
	add(g, route{"PUT", "/v1/communities/{communityId}/user-fields/{fieldId}", "updateUserField", "Change a user field", writeFields, 0}, a.updateField)
	add(g, route{"DELETE", "/v1/communities/{communityId}/user-fields/{fieldId}", "deleteUserField", "Delete a user field", writeFields, 0}, a.deleteField)
	add(g, route{"GET", "/v1/communities/{communityId}/user-field-histories", "listHistories", "List changes of values", readValues, 0}, a.listHistories)
	add(g, route{"GET", "/v1/communities/{communityId}/user-fields/{fieldId}/histories", "listFieldHistories", "List changes of a field's values", readValues, 0}, a.listFieldHistories)
	add(g, route{"GET", "/v1/communities/{communityId}/users/{userId}/user-field-histories", "listUserHistories", "List changes of a user's values", readValues, 0}, a.listUserHistories)
	add(g, route{"GET", "/v1/communities/{communityId}/users/{userId}/user-fields/{fieldId}/histories", "listUserFieldHistories", "List changes of one value", readValues, 0}, a.listUserFieldHistories)
	add(g, route{"POST", "/v1/communities/{communityId}/users/{userId}/user-fields/{fieldId}/histories", "createHistory", "Change a value", writeFields, created}, a.createHistory)
	add(g, route{"POST", "/v1/communities/{communityId}/user-field-histories/{historyId}/revert", "revertHistory", "Take back a change", writeFields, 0}, a.revertHistory)
}
