# SPDX-License-Identifier: Apache-2.0
"""Django: request.session lives in the cluster. In settings.py

    SESSION_ENGINE = "understudy.django.engine"
    MIDDLEWARE = [..., "understudy.django.middleware.SessionMiddleware", ...]

in place of django.contrib.sessions.middleware.SessionMiddleware. UNDERSTUDY_CONFIG is the path of a
backend configuration, for servers without a hook that opens the node of each process (runserver).
"""
