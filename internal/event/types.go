package event

// The types of events, each with the struct of its data.
const (
	MembersImported = "members.imported"  // MembersChanged: a batch of an import or update was applied
	BulkJobFinished = "bulk_job.finished" // BulkJob
	UserRoleAdded   = "user.role_added"   // UserRole
	UserRoleRemoved = "user.role_removed" // UserRole

	UserJoinedServer = "user.joined_server" // UserJoined: a person became a member, for the first time or again
	UserLeftServer   = "user.left_server"   // UserLeft: a membership ended
)

// MembersChanged summarizes one transaction of a bulk job. The details of the
// job list the rows.
type MembersChanged struct {
	JobID     string `json:"jobId"`
	JobType   string `json:"jobType"`
	FirstLine int    `json:"firstLine"`
	LastLine  int    `json:"lastLine"`
	Created   int64  `json:"created"`
	Updated   int64  `json:"updated"`
}

// BulkJob is a finished bulk job.
type BulkJob struct {
	JobID   string `json:"jobId"`
	JobType string `json:"jobType"`
	Status  string `json:"status"`
	DryRun  bool   `json:"dryRun"`
	Created int64  `json:"created"`
	Updated int64  `json:"updated"`
	Failed  int64  `json:"failed"`
}

// UserJoined is a new member.
type UserJoined struct {
	UserID     string `json:"userId"`
	InviteCode string `json:"inviteCode,omitempty"` // the invite they used
}

// UserRole is a role that was assigned to a member or removed. Deleting a role
// appends no event per member.
type UserRole struct {
	UserID string `json:"userId"`
	RoleID string `json:"roleId"`
	Title  string `json:"title"` // at that time
}

// UserLeft is a former member.
type UserLeft struct {
	UserID string `json:"userId"`
	Cause  string `json:"cause"` // leave, kick or ban
}
