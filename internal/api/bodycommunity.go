package api

import (
	"reflect"
	"slices"
)

// BodyCommunity is the part of a JSON body that may name the community of the
// request. Embed it in the Body of an input: Add resolves the community before
// the handler runs.
type BodyCommunity struct {
	CommunityID string `json:"communityId,omitempty" doc:"Required in a session of a person with several memberships."`
	ServerID    string `json:"serverId,omitempty" doc:"An alias of communityId."`
}

// bodyCommunities returns a function for the ids in the BodyCommunity of an I,
// nil if I has none.
func bodyCommunities[I any]() func(*I) []string {
	input := reflect.TypeFor[I]()
	if input.Kind() != reflect.Struct {
		return nil
	}
	body, ok := input.FieldByName("Body")
	if !ok {
		return nil
	}
	optional := body.Type.Kind() == reflect.Pointer
	content := body.Type
	if optional {
		content = content.Elem()
	}
	if content.Kind() != reflect.Struct {
		return nil
	}
	part, ok := content.FieldByName("BodyCommunity")
	if !ok || part.Type != reflect.TypeFor[BodyCommunity]() {
		return nil
	}
	return func(in *I) []string {
		v := reflect.ValueOf(in).Elem().FieldByIndex(body.Index)
		if optional && v.IsNil() {
			return nil
		}
		if optional {
			v = v.Elem()
		}
		named := v.FieldByIndex(part.Index).Interface().(BodyCommunity)
		return slices.DeleteFunc([]string{named.CommunityID, named.ServerID}, func(id string) bool { return id == "" })
	}
}
