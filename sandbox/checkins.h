/* SPDX-License-Identifier: MIT */
/* GET /v2/users/self/checkins. */
#ifndef SANDBOX_CHECKINS_H
#define SANDBOX_CHECKINS_H

struct evhttp_request;
struct sandbox;

void checkins_serve(struct sandbox *sandbox, struct evhttp_request *request);

#endif
