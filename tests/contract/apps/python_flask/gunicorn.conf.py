# SPDX-License-Identifier: Apache-2.0
import os

from understudy.gunicorn import Members

members = Members(os.environ["CONTRACT_CONFIG"])
workers, bind = members.workers, members.bind
post_fork, post_worker_init = members.post_fork, members.post_worker_init
worker_exit = members.worker_exit

worker_class = "gthread"
threads = 24
loglevel = "warning"
