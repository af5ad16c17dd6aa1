"""A call of a function's version that was deleted is refused as AWS refuses it; LocalStack answers with a fault."""

from __future__ import annotations

from typing import Any

from localstack.aws.api.lambda_ import ResourceNotFoundException
from localstack.runtime import hooks
from localstack.services.lambda_.invocation.lambda_service import LambdaService
from localstack.services.lambda_.invocation.models import lambda_stores


@hooks.on_infra_start()
def refuse_deleted_versions() -> None:
    """Looks before LocalStack does, which takes a version for there if its function is."""
    invoke = LambdaService.invoke

    def invoke_if_there(service: LambdaService, **named: Any) -> Any:
        name, version = named["function_name"], named["qualifier"] or ""
        function = lambda_stores[named["account_id"]][named["region"]].functions.get(name)
        if function is not None and version.isdigit() and version not in function.versions:
            raise ResourceNotFoundException(f"Function not found: {name}:{version}", Type="User")
        return invoke(service, **named)

    LambdaService.invoke = invoke_if_there
