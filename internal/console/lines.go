package console

import (
	"net/url"
	"strings"
)

// The lines of code say from a shell what a page just did, with the person's
// own ids and a key to fill in.

func curl(p Page, path string, more ...string) string {
	parts := append([]string{"curl -H 'Authorization: Bearer YOUR_API_KEY'"}, more...)
	return strings.Join(append(parts, quoted(p.Address+path)), " \\\n  ")
}

// quoted makes one word of a shell of a text.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

func membersLine(v MembersView) string {
	query := url.Values{}
	for name, value := range map[string]string{"search": v.Query.Search, "role": v.Query.RoleID, "tag": v.Query.TagID, "sort": v.Query.Order} {
		if value != "" {
			query.Set(name, value)
		}
	}
	path := "/v1/communities/" + v.Community.ID + "/users"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return curl(v.Page, path)
}

func profileLine(v ProfileView) string {
	return curl(v.Page, "/v1/communities/"+v.Community.ID+"/users/"+v.ID) + "\n" +
		curl(v.Page, "/v1/communities/"+v.Community.ID+"/users/"+v.ID+"/user-field-histories")
}

func importLine(p Page, fileName string, dryRun bool) string {
	if fileName == "" {
		fileName = "members.csv"
	}
	more := []string{"-F " + quoted("communityId="+p.Community.ID), "-F " + quoted("data=@"+fileName)}
	if dryRun {
		more = append(more, "-F dryRun=true")
	}
	return curl(p, "/v1/users/bulk-import", more...)
}

func jobLine(p Page, jobID string) string {
	return curl(p, "/v1/users/bulk-update/"+jobID+"/status")
}

// rowsAddress is the address of some rows of a job.
func rowsAddress(base, outcome, cursor string) string {
	query := url.Values{}
	if outcome != "" {
		query.Set("outcome", outcome)
	}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	if len(query) > 0 {
		base += "?" + query.Encode()
	}
	return base + "#rows"
}
