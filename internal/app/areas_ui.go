package app

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/regulars/regulars/internal/bulk/choice"
	"github.com/regulars/regulars/internal/httpx"
	"github.com/regulars/regulars/internal/ui"
	uiaccount "github.com/regulars/regulars/internal/ui/account"
	uiaudit "github.com/regulars/regulars/internal/ui/audit"
	uiautomation "github.com/regulars/regulars/internal/ui/automation"
	uibadge "github.com/regulars/regulars/internal/ui/badge"
	uibulk "github.com/regulars/regulars/internal/ui/bulk"
	uichannel "github.com/regulars/regulars/internal/ui/channel"
	uifield "github.com/regulars/regulars/internal/ui/field"
	uiguide "github.com/regulars/regulars/internal/ui/guide"
	uihome "github.com/regulars/regulars/internal/ui/home"
	uiinstallation "github.com/regulars/regulars/internal/ui/installation"
	uikey "github.com/regulars/regulars/internal/ui/key"
	uimember "github.com/regulars/regulars/internal/ui/member"
	uimessage "github.com/regulars/regulars/internal/ui/message"
	uimilestone "github.com/regulars/regulars/internal/ui/milestone"
	uimoderation "github.com/regulars/regulars/internal/ui/moderation"
	uioverview "github.com/regulars/regulars/internal/ui/overview"
	uiprogress "github.com/regulars/regulars/internal/ui/progress"
	uiremedy "github.com/regulars/regulars/internal/ui/remedy"
	uireport "github.com/regulars/regulars/internal/ui/report"
	uirole "github.com/regulars/regulars/internal/ui/role"
	uirule "github.com/regulars/regulars/internal/ui/rule"
	uisettings "github.com/regulars/regulars/internal/ui/settings"
	uisignin "github.com/regulars/regulars/internal/ui/signin"
	uitag "github.com/regulars/regulars/internal/ui/tag"
	uitier "github.com/regulars/regulars/internal/ui/tier"
)

// uiLimits are limits of the console, shared with the API.
type uiLimits struct {
	pictures    *httpx.Limit
	streams     *httpx.Streams
	uploads     *httpx.Uploads
	uploadBytes int64           // of a bulk file
	signIns     int             // attempts a minute
	stopping    <-chan struct{} // closed at shutdown
}

// console returns the handler of the pages.
func (p *Services) console(limits uiLimits, server uiinstallation.Server) http.Handler {
	return ui.New(ui.Services{Access: p.Access, Accounts: p.Accounts, Communities: p.Communities, Members: p.Members, Clock: p.clock, Visited: p.Presence.Record, Pictures: limits.pictures, PicturesAt: p.Files.ReadOrigin()}, func(c *ui.Console) []ui.Area { return p.uiAreas(c, limits, server) })
}

// uiAreas returns the areas of the console in the order of its navigation.
func (p *Services) uiAreas(c *ui.Console, limits uiLimits, server uiinstallation.Server) []ui.Area {
	account, showSecurity := uiaccount.New(c, uiaccount.Services{Accounts: p.Accounts})
	return []ui.Area{
		uioverview.New(c, uioverview.Services{Access: p.Access, Members: p.Members, Fields: p.Fields, Moderation: p.Moderation, Bulk: p.Bulk, Stats: p.Stats}),
		uihome.New(c, uihome.Services{Access: p.Access, Communities: p.Communities, Members: p.Members, Moderation: p.Moderation, Ownership: p.Ownership, Chat: p.Chat, Jobs: p.Jobs}),
		uimember.New(c, uimember.Services{Access: p.Access, Accounts: p.Accounts, Fields: p.Fields, Members: p.Members, Moderation: p.Moderation, Notes: p.Notes, Bulk: p.Bulk, Clock: p.clock, Changes: p.Changes}),
		uimoderation.New(c, uimoderation.Services{Access: p.Access, Accounts: p.Accounts, Members: p.Members, Moderation: p.Moderation, Mail: p.Mail, Clock: p.clock, Changes: p.Changes}),
		uirole.New(c, uirole.Services{Access: p.Access, Members: p.Members, Chat: p.Chat}),
		uichannel.New(c, uichannel.Services{Access: p.Access, Communities: p.Communities, Members: p.Members, Chat: p.Chat}),
		uibadge.New(c, uibadge.Services{Access: p.Access, Badges: p.Badges, Awards: p.Awards, Applications: p.Applications, Posts: p.Posts}),
		uimilestone.New(c, uimilestone.Services{Access: p.Access, Badges: p.Badges, Milestones: p.Milestones, Completions: p.Completions}),
		uiautomation.New(c, uiautomation.Services{Access: p.Access, Automations: p.Automations, Firings: p.Firings}),
		uireport.New(c, uireport.Services{Access: p.Access, Reports: p.Reports, Clock: p.clock, Changes: p.Changes}),
		uimessage.New(c, uimessage.Services{Access: p.Access, Blocks: p.Blocks, Chat: p.Chat, Direct: p.Conversations, Events: p.Events, Messages: p.Messages, Lists: p.Lists, Posts: p.Posts, Changes: p.Changes, Reactions: p.Reactions, Topics: p.Topics, ReadStates: p.ReadStates, Reports: p.Reports, Members: p.Members}),
		uifield.New(c, uifield.Services{Fields: p.Fields, FieldChanges: p.FieldChanges}),
		uitag.New(c, uitag.Services{Members: p.Members}),
		uibulk.New(c, uibulk.Services{Access: p.Access, Fields: p.Fields, Bulk: p.Bulk, Files: p.Files, Log: p.log, UploadBytes: limits.uploadBytes, Streams: limits.streams, Uploads: limits.uploads, Stopping: limits.stopping}),
		uiremedy.New(c, uiremedy.Services{Bulk: p.Bulk, Choices: choice.New(p.DB, p.Access)}),
		uikey.New(c, uikey.Services{Access: p.Access, Accounts: p.Accounts, Chat: p.Chat, Clock: p.clock}),
		uiaudit.New(c, uiaudit.Services{Access: p.Access, Communities: p.Communities, Fields: p.Fields, Members: p.Members, Chat: p.Chat}),
		uisettings.New(c, uisettings.Services{Access: p.Access, Accounts: p.Accounts, Communities: p.Communities, Fields: p.Fields, Members: p.Members, Ownership: p.Ownership}),
		uiprogress.New(c, uiprogress.Services{Access: p.Access, Members: p.Members, Economy: p.Economy, Ledger: p.LedgerActs, Activity: p.Activity, Tiers: p.Tiers, Awards: p.Awards, Lists: p.Lists}),
		uirule.New(c, uirule.Services{Rules: p.Rules, Chat: p.Chat}),
		uitier.New(c, uitier.Services{Access: p.Access, Tiers: p.Tiers}),
		account,
		uisignin.New(c, uisignin.Services{DB: p.DB, Access: p.Access, Accounts: p.Accounts, Moderation: p.Moderation, Clock: p.clock, SignIns: limits.signIns, Counts: p.Counts, ConnectFailed: showSecurity}),
		uiguide.New(c, func() *huma.OpenAPI { return API().OpenAPI() }),
		uiinstallation.New(c, uiinstallation.Services{DB: p.DB, Installation: p.Installation, Accounts: p.Accounts, Communities: p.Communities, Ownership: p.Ownership, Bulk: p.Bulk, Mail: p.Mail, Jobs: p.Jobs, Files: p.Folder, Server: server}),
	}
}
