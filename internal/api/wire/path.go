package wire

// CommunityPath is the part of an input that names the community in the path.
type CommunityPath struct {
	CommunityID string `path:"communityId" doc:"The _id of the community." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

// ServerPath is CommunityPath under its other name.
type ServerPath struct {
	ServerID string `path:"serverId" doc:"The _id of the community." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

// CommunityQuery is the part of an input that names the community in the query.
type CommunityQuery struct {
	CommunityID string `query:"communityId" doc:"Required in a session of a person with several memberships."`
}

// UserPath is the part of an input that names a user in the path.
type UserPath struct {
	UserID string `path:"userId" doc:"The _id or number of the user."`
}

// Deleted is the data of the response to a deletion.
type Deleted struct {
	ID string `json:"_id" doc:"The _id of the deleted object."`
}
