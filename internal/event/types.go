package event

// What can happen. Each constant names the struct of its data.
const (
	MembersImported = "members.imported"  // MembersChanged: one piece of an import or update was applied
	BulkJobFinished = "bulk_job.finished" // BulkJob
	UserRoleAdded   = "user.role_added"   // UserRole
	UserRoleRemoved = "user.role_removed" // UserRole

	UserJoinedServer = "user.joined_server" // UserJoined: one person became a member, or one again
	UserLeftServer   = "user.left_server"   // UserLeft: one person is no member any more
)

// MembersChanged is what one transaction of a bulk job did. The rows
// themselves stand in the job's details.
type MembersChanged struct {
	JobID     string `json:"jobId"`
	JobType   string `json:"jobType"`
	FirstLine int    `json:"firstLine"`
	LastLine  int    `json:"lastLine"`
	Created   int64  `json:"created"`
	Updated   int64  `json:"updated"`
}

// BulkJob is the end of a bulk job.
type BulkJob struct {
	JobID   string `json:"jobId"`
	JobType string `json:"jobType"`
	Status  string `json:"status"`
	DryRun  bool   `json:"dryRun"`
	Created int64  `json:"created"`
	Updated int64  `json:"updated"`
	Failed  int64  `json:"failed"`
}

// UserJoined is a person who is a member now.
type UserJoined struct {
	UserID     string `json:"userId"`
	InviteCode string `json:"inviteCode,omitempty"` // the invite that let them in
}

// UserRole is a member who was given a role, or lost it. A role that is
// deleted is lost without an event for each member.
type UserRole struct {
	UserID string `json:"userId"`
	RoleID string `json:"roleId"`
	Title  string `json:"title"` // as it was then
}

// UserLeft is a person who is no member any more.
type UserLeft struct {
	UserID string `json:"userId"`
	Cause  string `json:"cause"` // leave, kick or ban
}
