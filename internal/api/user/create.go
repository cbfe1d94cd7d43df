package user

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/roster"
)

func (h *handlers) createRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/users", ID: "createUser", Summary: "Create a user",
		Permissions: createUsers, Traits: api.Compat, Secrets: []string{"password", "confirmPassword"},
		Description: "Creates an unclaimed member (`claimed` is false). Accounts are neither created nor changed, and accounts outside the community have no effect. 409 has the code of the first conflict, and `errors` has an entry for each: `email_taken` or `username_taken` by a member of this community, `external_id_taken`, `identifier_taken`, `member_deleted`, `member_left` or `member_banned` for a former member, `member_declined` for a person who has declined a membership and can only be invited. 403 `rank_too_low` or `missing_permission` for an `accessLevel` that you cannot assign. 503 `mail_unavailable` if a mail is requested and the server sends none.",
	}, h.createUser)
}

type givenField struct {
	Field string `json:"fieldIdorName" example:"loyalty-number" doc:"The _id, database name or name of a user field; phone, country and language too."`
	Value any    `json:"value" doc:"A value of the field's type."`
}

type newUser struct {
	Body struct {
		api.BodyCommunity
		FirstName       string       `json:"firstname" example:"Ada" doc:"1 to 50 characters."`
		LastName        string       `json:"lastname" example:"Lovelace" doc:"1 to 50 characters."`
		Username        string       `json:"username" example:"ada" doc:"2 to 50 characters: letters, digits and . _ -; unique."`
		DisplayName     string       `json:"displayname,omitempty" example:"Ada L." doc:"At most 50 characters."`
		Email           string       `json:"email" example:"ada@example.com" doc:"Unique."`
		Password        string       `json:"password,omitempty" doc:"Validated (at least 10 characters, one of them special) and not stored: persons choose the passwords of their accounts themselves, with forgot-password or the link in the welcome mail."`
		ConfirmPassword string       `json:"confirmPassword,omitempty" doc:"The password again."`
		AccessLevel     string       `json:"accessLevel,omitempty" example:"VIP" doc:"Title or _id of a role that you can assign."`
		JoinServer      *bool        `json:"joinServer,omitempty" doc:"false: the member is not in lists and causes no events before joining."`
		EmailPassword   bool         `json:"emailPassword,omitempty" doc:"true mails a link for accepting the membership and choosing a password."`
		SendEmail       bool         `json:"sendEmail,omitempty" doc:"true mails a notice of the membership."`
		EmailTemplate   string       `json:"emailTemplate,omitempty" doc:"Ignored: there is one welcome mail, in the language of the member."`
		CustomFields    []givenField `json:"customFields,omitempty" maxItems:"500"`
		Referral        string       `json:"referral,omitempty" doc:"The referrer; at most 200 characters."`
		ExternalID      string       `json:"externalId,omitempty" example:"CRM-1042" doc:"The id in another system, unique in the community; external:CRM-1042 names the user."`
	} `nameHint:"NewUser"`
}

func (in *newUser) input() roster.CreateInput {
	b := &in.Body
	input := roster.CreateInput{
		FirstName: b.FirstName, LastName: b.LastName, DisplayName: b.DisplayName, Username: b.Username, Email: b.Email,
		Password: b.Password, Confirm: b.ConfirmPassword, Role: b.AccessLevel, Ahead: b.JoinServer != nil && !*b.JoinServer,
		Referral: b.Referral, ExternalID: b.ExternalID, Welcome: b.SendEmail, MailPassword: b.EmailPassword,
	}
	for _, f := range b.CustomFields {
		input.Fields = append(input.Fields, member.FieldValue{Field: f.Field, Value: f.Value})
	}
	return input
}

func (h *handlers) createUser(ctx context.Context, in *newUser) (*api.Answer[user], error) {
	created, err := h.members.Create(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.input())
	if err != nil {
		return nil, err
	}
	names, err := h.details(ctx, created)
	if err != nil {
		return nil, err
	}
	return api.Respond("User created successfully", names.user(created)), nil
}
