package field

// MemberFields are what filters accept beside the fields of a community.
var MemberFields = []Field{
	{ID: UserID, Field: UserID, Name: "Id", Type: SingleLine, Default: true},
	{ID: Number, Field: Number, Name: "Number", Type: Numerical, Default: true},
	{ID: DisplayName, Field: DisplayName, Name: "Display Name", Type: SingleLine, Default: true},
	{ID: ExternalID, Field: ExternalID, Name: "External id", Type: SingleLine, Default: true},
	{ID: JoinDate, Field: JoinDate, Name: "Joined", Type: Date, Default: true},
	{ID: ClaimedName, Field: ClaimedName, Name: "Claimed", Type: Boolean, Default: true},
}

// Database names that filters accept beside the fields of a community.
const (
	UserID      = "_id"
	Number      = "user_id"
	DisplayName = "display_name"
	ExternalID  = "external_id"
	JoinDate    = "join_date"
	ClaimedName = "claimed"
)
