"""What a script reads of a Jira Cloud site: accounts, groups with their members, projects with their roles and permission
schemes, filters and dashboards. One request after another, as large pages as the API grants, and a pause where it asks
for one.

    python inventory.py ADDRESS USER TOKEN

It prints the seconds that it took, the most memory that it held in MiB, and what it found. Needs atlassian-python-api.
"""

import resource
import sys
import time

from atlassian.jira import JiraCloud
from requests.exceptions import HTTPError


def ask(method, *arguments, **options):
    """Calls a method of the library; where the site asks for a pause, keeps it and calls again."""
    while True:
        try:
            return method(*arguments, **options)
        except HTTPError as error:
            if error.response is None or error.response.status_code != 429:
                raise
            time.sleep(float(error.response.headers.get("Retry-After", 1)))


def pages(method, size, **options):
    """All rows of a list that tells which page is its last."""
    rows = []
    while True:
        page = ask(method, start_at=len(rows), max_results=size, **options)
        rows.extend(page["values"])
        if page["isLast"] or not page["values"]:
            return rows


def all_users(jira):
    """All accounts: a list that ends with an empty page."""
    users = []
    while True:
        page = ask(jira.get_all_users, start_at=len(users), max_results=1000)
        if not page:
            return users
        users.extend(page)


def main():
    address, user, token = sys.argv[1:]
    begin = time.perf_counter()
    jira = JiraCloud(address, username=user, password=token)
    users = all_users(jira)
    groups = pages(jira.bulk_get_groups, 50)
    for group in groups:
        group["members"] = pages(
            jira.get_users_from_group, 50, group_id=group["groupId"], include_inactive_users="true"
        )
    schemes = ask(jira.get_all_permission_schemes, expand="all")["permissionSchemes"]
    projects = []
    for status in ("live", "archived"):
        projects += pages(jira.search_projects, 100, status=status, expand="lead")
    for project in projects:
        links = ask(jira.get_project_roles, project["id"])
        project["roles"] = [
            ask(jira.get_project_role, project["id"], link.rsplit("/", 1)[1]) for link in links.values()
        ]
        project["scheme"] = ask(jira.get_assigned_permission_scheme, project["id"])
    expand = "owner,viewUrl,sharePermissions,editPermissions"
    filters = pages(jira.get_filters_paginated, 100, expand=expand, override_share_permissions="true")
    dashboards = pages(jira.get_dashboards_paginated, 100, expand=expand)
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    members = sum(len(group["members"]) for group in groups)
    actors = sum(len(role["actors"]) for project in projects for role in project["roles"])
    found = (
        f"{len(users)} accounts, {len(groups)} groups with {members} members, {len(projects)} projects with {actors} "
        f"actors, {len(schemes)} schemes, {len(filters)} filters, {len(dashboards)} dashboards"
    )
    print(f"{seconds}\t{peak}\t{found}")


main()
