# SPDX-License-Identifier: Apache-2.0
# Each worker is a member: MEMBERS are the configurations, one for each.
import os

from understudy.gunicorn import Members

members = Members(*os.environ.get("MEMBERS", "a.conf b.conf c.conf").split())
workers, bind = members.workers, members.bind
post_fork, post_worker_init = members.post_fork, members.post_worker_init
worker_exit = members.worker_exit

worker_class = "gthread"
threads = 16
graceful_timeout = 40  # longer than DrainTimeout
