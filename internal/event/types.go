package event

// What can happen. Each constant names the struct of its data.
const (
	MembersImported = "members.imported"  // MembersChanged: one piece of an import or update was applied
	BulkJobFinished = "bulk_job.finished" // BulkJob
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
