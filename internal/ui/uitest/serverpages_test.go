package uitest_test

import (
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/text/language"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/ownership/transfer"
	"github.com/regulars/regulars/internal/ui"

	uiaudit "github.com/regulars/regulars/internal/ui/audit"

	uihome "github.com/regulars/regulars/internal/ui/home"

	uimember "github.com/regulars/regulars/internal/ui/member"

	uimoderation "github.com/regulars/regulars/internal/ui/moderation"

	uisettings "github.com/regulars/regulars/internal/ui/settings"

	uisignin "github.com/regulars/regulars/internal/ui/signin"
)

func fixtureInvites() uimoderation.InvitesView {
	row := func(code, state string, uses, most int64, joined ...uimoderation.InvitedRow) uimoderation.InviteRow {
		return uimoderation.InviteRow{
			Code: code, URL: "https://community.example.com/join/" + code, By: "ada.lovelace", Uses: uses, MaxUses: most, State: state,
			CreatedAt: ago(50 * time.Hour), ExpiresAt: seenAt.Add(100 * time.Hour).UnixMilli(), Joined: joined, Revocable: state != "revoked",
		}
	}
	mailed := row("e01b22c33d44", "open", 0, 1)
	mailed.Email, mailed.Role = "maximiliane.oberbichler-stadelbauer@very-long-domain.example", "Volunteer"
	return uimoderation.InvitesView{
		Mails: true, Roles: []ui.Choice{{Value: "r1", Label: "Coach"}, {Value: "r2", Label: "Volunteer"}},
		Page: fixturePage("Invites", "invites", "Links to join, with the members they admitted."), Days: 7, Next: "?after=x",
		Made: "https://community.example.com/join/3f9c1b22a7d0",
		Invites: []uimoderation.InviteRow{
			mailed,
			row("3f9c1b22a7d0", "open", 0, 5), row("a01b22c33d44", "open", 12_345, 0, uimoderation.InvitedRow{ID: "6a21d1c09f3b0c4d5e6f7a8b", Username: "grace"}, uimoderation.InvitedRow{ID: "6a21d1c09f3b0c4d5e6f7a8c", Username: "somebody.with.a.rather.long.name"}),
			row("b01b22c33d44", "expired", 3, 10), row("c01b22c33d44", "used-up", 10, 10), row("d01b22c33d44", "revoked", 1, 0),
		},
	}
}

func fixturePenalties() uimoderation.PenaltiesView {
	row := uimoderation.PenaltyRow{ID: "6a21d1c09f3b0c4d5e6f7a01", UserID: "6a21d1c09f3b0c4d5e6f7a8b", User: "mallory", Kind: "suspend", Reason: "Wrote to everybody, twice, about a shop of their own", By: "ada.lovelace", CreatedAt: ago(time.Hour), Until: seenAt.Add(40 * time.Hour).UnixMilli(), InForce: true, Liftable: true}
	lifted := row
	lifted.ID, lifted.Kind, lifted.InForce, lifted.Liftable, lifted.LiftedAt, lifted.LiftedBy, lifted.Until = "6a21d1c09f3b0c4d5e6f7a02", "ban", false, false, ago(time.Minute), "grace", 0
	gone := row
	gone.ID, gone.User, gone.Kind, gone.InForce, gone.Liftable, gone.Until = "6a21d1c09f3b0c4d5e6f7a03", "", "warn", false, false, 0
	return uimoderation.PenaltiesView{
		Page: fixturePage("Penalties", "penalties", "The misconduct log: warnings, suspensions, kicks and bans."), May: uimoderation.PenaltyKinds, Days: 7, Kind: "",
		Penalties: []uimoderation.PenaltyRow{row, lifted, gone},
	}
}

// auditTexts are the sentences of the areas whose entries the fixture has.
func auditTexts() (texts ui.AuditTexts) {
	for _, a := range []ui.Area{uihome.New(nil, uihome.Services{}), uimember.New(nil, uimember.Services{}), uimoderation.New(nil, uimoderation.Services{})} {
		texts.Nouns, texts.Actions = append(texts.Nouns, a.Audit.Nouns...), append(texts.Actions, a.Audit.Actions...)
	}
	return texts
}

func fixtureAudit() uiaudit.AuditView {
	return uiaudit.AuditView{
		Texts: auditTexts(), Nouns: auditTexts().Nouns,
		Page: fixturePage("Audit log", "audit-log", "Actions of people and API keys in this community."), Actors: []ui.Choice{{Value: "", Label: "Everybody"}, {Value: "account:1", Label: "ada.lovelace"}}, Next: "?after=x",
		Entries: []uiaudit.AuditRow{
			{Actor: "ada.lovelace", Action: "community.update", Target: "Rovers", At: ago(time.Hour), Changes: []ui.Change{{Field: "Colour", Old: "#4f46e5", New: "#0b7285"}, {Field: "Who may join", Old: "With an invite", New: "Open to all"}}},
			{Actor: "Nightly import", Action: "user.update", Target: "grace", Link: "/", At: ago(3 * time.Hour), Changes: []ui.Change{{Field: "Country", Old: "", New: ""}}},
			{Actor: "", Action: "invite.create", Target: "3f9c1b22a7d0", At: ago(30 * time.Hour)},
		},
	}
}

// serverFixtures are the pages about the community itself.
func serverFixtures() map[string]templ.Component {
	settings := fixturePage("Danger zone", "danger", "")
	wrong := fixturePenalties()
	wrong.User, wrong.Reason, wrong.Errors = "nobody", "x", map[string]string{"user": "User not found."}
	refused := fixturePenalties()
	refused.Alert = ui.Alert{Message: "This member does not stand below you. Ask somebody whose highest role is above theirs.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	door := ui.Page{Title: "Join", Reader: ui.Reader{Now: seenAt, Words: fixtureWords}}
	shut := door
	shut.Alert = ui.Alert{Message: "This invite has expired. Ask for another one."}
	asks := []uimoderation.Ask{
		{Field: ui.Field{Name: "country", Label: "Country", Required: true, Error: "Country is required to join."}},
		{Field: ui.Field{Name: "size", Label: "Size of shirt", Required: true}, Choices: []ui.Choice{{Value: "", Label: "–"}, {Value: "S", Label: "S"}, {Value: "XL", Label: "XL"}}},
		{Field: ui.Field{Name: "likes", Label: "What you like"}, Several: true, Choices: []ui.Choice{{Value: "football", Label: "Football"}, {Value: "chess", Label: "Chess"}}, Chosen: map[string]bool{"chess": true}},
	}
	offered := fixtureTransfer()
	offered.Open = &transfer.Transfer{ID: "6a21d1c09f3b0c4d5e6f7a99", FromName: "ada.lovelace", UserName: "maximiliane.oberbichler-stadelbauer", ExpiresAt: fixtureOffer().ExpiresAt}
	withOffer, ended, offer := fixtureMemberPage("Harbour Runners"), door, fixtureOffer()
	withOffer.Notices = []templ.Component{uihome.OfferNotice(withOffer, offer)}
	ended.Alert = ui.Alert{Message: "This transfer has already been accepted.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	home := uihome.HomeView{Page: fixturePage("Communities", "", ""), Deleted: []uihome.DeletedRow{{ID: "6a21d1c09f3b0c4d5e6f7a8b", Name: "Rovers of the old town", ErasedAt: seenAt.Add(300 * time.Hour).UnixMilli()}}}
	return map[string]templ.Component{
		"invites":         uimoderation.InvitesPage(fixtureInvites()),
		"invites-mailed":  uimoderation.InvitesPage(uimoderation.InvitesView{Page: fixturePage("Invites", "invites", ""), Mails: true, Mailed: 3, Invites: fixtureInvites().Invites[:1]}),
		"invites-wrong":   uimoderation.InvitesPage(uimoderation.InvitesView{Page: fixturePage("Invites", "invites", ""), Mails: true, Emails: "ada@example.com\nnobody", Errors: map[string]string{"emails": "nobody: An email address such as ada@example.com is expected."}}),
		"invites-none":    uimoderation.InvitesPage(uimoderation.InvitesView{Page: fixturePage("Invites", "invites", ""), Errors: map[string]string{"maxUses": "An invite is used at most 1 to 1000000 times, or any number of times with 0."}}),
		"join":            uimoderation.JoinPage(uimoderation.JoinView{Page: door, Code: "3f9c1b22a7d0", Name: "Rovers of the old town", Members: 1234, Inviter: "ada", Signed: true, Asks: asks}),
		"join-door":       uimoderation.JoinPage(uimoderation.JoinView{Page: door, Code: "3f9c1b22a7d0", Name: "Rovers", Members: 1, Inviter: "ada", Register: true}),
		"join-done":       uimoderation.JoinPage(uimoderation.JoinView{Page: door, Code: "3f9c1b22a7d0", Name: "Rovers", Members: 2, Signed: true, Joined: true, Address: "/"}),
		"join-shut":       uimoderation.JoinPage(uimoderation.JoinView{Page: shut}),
		"penalties":       uimoderation.PenaltiesPage(fixturePenalties()),
		"penalties-wrong": uimoderation.PenaltiesPage(wrong), "penalties-refused": uimoderation.PenaltiesPage(refused),
		"penalties-none":    uimoderation.PenaltiesPage(uimoderation.PenaltiesView{Page: fixturePage("Penalties", "penalties", "")}),
		"audit":             uiaudit.AuditPage(fixtureAudit()),
		"community":         uihome.CommunityPage(fixtureCommunity()),
		"community-empty":   uihome.CommunityPage(uihome.CommunityView{Page: fixtureMemberPage("Harbour Runners"), Groups: []ui.ChannelGroup{{}}}),
		"audit-none":        uiaudit.AuditPage(uiaudit.AuditView{Page: fixturePage("Audit log", "audit-log", ""), Filtered: true, Noun: "role"}),
		"languages":         uisettings.LanguagesPage(uisettings.LanguagesView{Page: settings, Languages: "en\nde", CoinsName: "Coins", CoinsIcon: "🪙", GemsName: "Gems", Errors: map[string]string{"languages": "Languages are 1 to 20 BCP 47 tags, such as en or pt-BR."}}),
		"joining":           uisettings.JoiningPage(uisettings.JoiningView{Page: settings, Policy: "invite", Fields: []ui.Choice{{Value: "country", Label: "Country"}, {Value: "phone", Label: "Phone"}}, Asked: map[string]bool{"country": true}}),
		"messages":          uisettings.MessagesPage(uisettings.MessagesView{Page: settings, Banned: "scam\nfree money", EditWindow: "900", Erasure: "anonymise"}),
		"messages-wrong":    uisettings.MessagesPage(uisettings.MessagesView{Page: settings, EditWindow: "soon", Erasure: "delete", Errors: map[string]string{"editWindow": "The time to edit a message is 0 (no limit) to 31536000 seconds.", "bannedWords": "A list has at most 1000 words or phrases of 1 to 100 characters."}}),
		"danger":            uisettings.DangerPage(uisettings.DangerView{Page: settings, Owner: true, Days: 30}),
		"danger-transfer":   uisettings.DangerPage(uisettings.DangerView{Page: settings, Owner: true, Days: 30, Transfer: fixtureTransfer()}),
		"danger-offered":    uisettings.DangerPage(uisettings.DangerView{Page: settings, Owner: true, Days: 30, Transfer: offered}),
		"offer":             uihome.CommunityPage(uihome.CommunityView{Page: withOffer, Groups: fixtureCommunity().Groups}),
		"home-with-offer":   uihome.HomePage(uihome.HomeView{Page: fixturePage("Communities", "", ""), Offers: []uihome.TransferOffer{fixtureOffer()}, Choices: withOffer.Others}),
		"transfer-link":     uihome.TransferPage(uihome.TransferView{Page: door, Offer: &offer}),
		"transfer-ended":    uihome.TransferPage(uihome.TransferView{Page: ended, Other: true}),
		"danger-of-others":  uisettings.DangerPage(uisettings.DangerView{Page: settings, Days: 30}),
		"home-with-deleted": uihome.HomePage(home),
	}
}

// fixtureTransfer is the form of a transfer with what was wrong, a while after
// the sign-in.
func fixtureTransfer() uisettings.TransferCard {
	return uisettings.TransferCard{
		MayOffer: true, Withdraws: true, Role: "Board members", User: "grace", Proof: ui.Reauth{Password: true},
		Errors: map[string]string{"user": "This member has not signed in with a confirmed account yet. Ask them to sign in first, or choose another member.", "confirm": "This is not the name of the community."},
	}
}

func fixtureOffer() uihome.TransferOffer {
	return uihome.TransferOffer{CommunityID: "6a21d1c09f3b0c4d5e6f7a8b", ID: "6a21d1c09f3b0c4d5e6f7a99", Name: "Harbour Runners", From: "ada.lovelace", Members: 12480, ExpiresAt: seenAt.Add(140 * time.Hour).UnixMilli()}
}

// offerFixtures are the pages of persons that a community added or invited.
func offerFixtures() map[string]templ.Component {
	door := ui.Page{Title: "Your decision", Reader: ui.Reader{Now: seenAt, Words: fixtureWords}}
	offer := uisignin.OfferView{Page: door, Token: "3f9c1b22a7d0", Name: "Rovers of the old town", Members: 1234, Username: "maximiliane.oberbichler-stadelbauer"}
	other, unconfirmed, invite := offer, offer, offer
	other.Visitor, unconfirmed.Visitor, invite.Username, invite.Invite, invite.Visitor = uisignin.ReaderOther, uisignin.ReaderUnconfirmed, "", true, uisignin.ReaderReceiver
	refused := other
	refused.Alert = ui.Alert{Message: "This account cannot accept it.", RequestID: "6a21d1c09f3b0c4d5e6f7a8b"}
	home := uihome.HomeView{Page: fixturePage("Communities", "", "Choose a community"), Choices: []ui.Community{{ID: "6a21d1c09f3b0c4d5e6f7a8b", Name: "Night Owls", Members: 12}}, Additions: []member.Addition{
		{CommunityID: "6a21d1c09f3b0c4d5e6f7a8c", Community: "Rovers", Username: "ada", AddedAt: ago(3 * time.Hour)},
		{CommunityID: "6a21d1c09f3b0c4d5e6f7a8d", Community: "Association of the harbour runners of the old town and the islands", Username: "maximiliane.oberbichler-stadelbauer", AddedAt: ago(70 * 24 * time.Hour)},
	}}
	german, germanHome := offer, home
	german.Reader.Words = i18n.For(language.German)
	germanHome.Reader.Words = german.Reader.Words
	return map[string]templ.Component{
		"offer-german": uisignin.OfferPage(german), "home-with-additions-german": uihome.HomePage(germanHome),
		"offer": uisignin.OfferPage(offer), "offer-other": uisignin.OfferPage(other), "offer-refused": uisignin.OfferPage(refused), "offer-unconfirmed": uisignin.OfferPage(unconfirmed),
		"offer-invite": uisignin.OfferPage(invite), "offer-dead": uisignin.DeadOfferPage(door), "offer-declined": uisignin.DeclinedPage(uisignin.DeclinedView{Page: door, Signed: true}),
		"offer-invite-declined": uisignin.DeclinedPage(uisignin.DeclinedView{Page: door, Invite: true}), "home-with-additions": uihome.HomePage(home),
		"join-added": uimoderation.JoinPage(uimoderation.JoinView{Page: door, Code: "3f9c1b22a7d0", Name: "Rovers", Members: 2, Inviter: "ada", Signed: true, Added: true, AddedAs: "grace"}),
	}
}

func TestOfferPagesAreAccessible(t *testing.T) {
	checkGallery(t, offerFixtures())
}

func TestCommunityPagesAreAccessible(t *testing.T) {
	checkGallery(t, serverFixtures())
}

// fixtureMemberPage is the frame around what a member without a say sees.
func fixtureMemberPage(title string) ui.Page {
	p := fixturePage(title, "home", "12,480 members")
	p.May = map[actor.Permission]bool{permission.ViewChannels: true}
	return p
}

func fixtureCommunity() uihome.CommunityView {
	return uihome.CommunityView{
		Page: fixtureMemberPage("Harbour Runners"), Roles: []uihome.OwnRole{{Title: "Coach", Class: "#d97706"}, {Title: "Volunteer", Class: "#0f8a6d"}},
		Groups: []ui.ChannelGroup{
			{Channels: []ui.ChannelRow{{ID: "1", Topic: "announcements", Description: "What the board wants everybody to know, a few times in a month at most.", Icon: "megaphone", Type: "News"}}},
			{ID: "c1", Name: "Training", Channels: []ui.ChannelRow{
				{ID: "2", Topic: "tempo-runs", Icon: "hash", Type: "Text"},
				{ID: "3", Topic: "a-rather-long-name-of-a-channel-that-somebody-chose-one-day", Description: "For coaches", Icon: "hash", Type: "Text", Private: true},
				{ID: "4", Topic: "weather", Description: "Wind and tide of the week", Icon: "app-window", Type: "A page of another site", Page: true},
			}},
			{ID: "c2", Name: "Nothing to see here"},
		},
	}
}
