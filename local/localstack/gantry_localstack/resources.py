"""ECS clusters and task definitions of CloudFormation templates: community LocalStack accepts and forgets them."""

from __future__ import annotations

from typing import Any, ClassVar

from localstack.services.cloudformation.resource_provider import (
    CloudFormationResourceProviderPlugin,
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)


def _done(model: dict[str, Any]) -> ProgressEvent[dict[str, Any]]:
    return ProgressEvent(status=OperationStatus.SUCCESS, resource_model=model)


def _for_api(value: Any) -> Any:
    """CloudFormation spells ``ContainerDefinitions``, the API ``containerDefinitions``; values of maps stay."""
    if isinstance(value, dict):
        return {name[:1].lower() + name[1:]: _for_api(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_for_api(inner) for inner in value]
    return value


class ClusterProvider(ResourceProvider[dict[str, Any]]):
    """``AWS::ECS::Cluster``: its Ref is the name."""

    TYPE = "AWS::ECS::Cluster"
    SCHEMA: ClassVar = {"primaryIdentifier": ["/properties/ClusterName"]}

    def create(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        model = request.desired_state
        model.setdefault("ClusterName", request.logical_resource_id)
        answer = request.aws_client_factory.ecs.create_cluster(clusterName=model["ClusterName"])
        model["Arn"] = answer["cluster"]["clusterArn"]
        return _done(model)

    def update(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        return _done({**request.previous_state, **request.desired_state})

    def delete(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        cluster = request.desired_state["ClusterName"]
        request.aws_client_factory.ecs.delete_cluster(cluster=cluster)
        return _done(request.desired_state)


class TaskDefinitionProvider(ResourceProvider[dict[str, Any]]):
    """``AWS::ECS::TaskDefinition``: its Ref is the ARN of the revision."""

    TYPE = "AWS::ECS::TaskDefinition"
    SCHEMA: ClassVar = {"primaryIdentifier": ["/properties/TaskDefinitionArn"]}

    def create(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        model = request.desired_state
        properties = _for_api({**model, "Tags": []})
        answer = request.aws_client_factory.ecs.register_task_definition(**properties)
        model["TaskDefinitionArn"] = answer["taskDefinition"]["taskDefinitionArn"]
        return _done(model)

    def update(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        return self.create(request)

    def delete(self, request: ResourceRequest[dict[str, Any]]) -> ProgressEvent[dict[str, Any]]:
        arn = request.desired_state["TaskDefinitionArn"]
        request.aws_client_factory.ecs.deregister_task_definition(taskDefinition=arn)
        return _done(request.desired_state)


class ClusterPlugin(CloudFormationResourceProviderPlugin):
    """Tells LocalStack about :class:`ClusterProvider`."""

    name = "AWS::ECS::Cluster"

    def load(self) -> None:
        self.factory = ClusterProvider


class TaskDefinitionPlugin(CloudFormationResourceProviderPlugin):
    """Tells LocalStack about :class:`TaskDefinitionProvider`."""

    name = "AWS::ECS::TaskDefinition"

    def load(self) -> None:
        self.factory = TaskDefinitionProvider
