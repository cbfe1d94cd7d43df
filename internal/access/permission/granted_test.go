package permission_test

import (
	"testing"

	"github.com/regulars/regulars/internal/access/permission"
)

func TestChangedPermissionsDoNotChangeThoseOfOtherRoles(t *testing.T) {
	for range 2 {
		server, err := permission.Granted("{}", permission.ServerPermissions)
		if err != nil || len(server) != len(permission.ServerPermissions) || server[permission.BanMembers] {
			t.Fatalf("%v, %v", server, err)
		}
		channel, err := permission.Granted("{}", permission.ChannelPermissions)
		if err != nil || len(channel) != len(permission.ChannelPermissions) {
			t.Fatalf("%v, %v", channel, err)
		}
		server[permission.BanMembers] = true
	}
	if _, err := permission.Granted("[", permission.ServerPermissions); err == nil {
		t.Error("a damaged text is decoded")
	}
}
