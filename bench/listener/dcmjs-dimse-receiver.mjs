/** A program: a storage SCP with dcmjs-dimse that writes what it gets to the folder that its first argument names. */
import { join } from 'node:path';
import dcmjsDimse from 'dcmjs-dimse';

const { Server, Scp, constants, responses } = dcmjsDimse;
const [, , folder = '', port = '0'] = process.argv;
let count = 0;

class Receiver extends Scp {
  associationRequested(association) {
    for (const { id } of association.getPresentationContexts()) {
      const context = association.getPresentationContext(id);
      context.setResult(
        constants.PresentationContextResult.Accept,
        context.getTransferSyntaxUids()[0],
      );
    }
    this.sendAssociationAccept();
  }

  cEchoRequest(request, callback) {
    const response = responses.CEchoResponse.fromRequest(request);
    response.setStatus(constants.Status.Success);
    callback(response);
  }

  cStoreRequest(request, callback) {
    count += 1;
    request.getDataset().toFile(join(folder, `${count}.dcm`), (error) => {
      const response = responses.CStoreResponse.fromRequest(request);
      response.setStatus(
        error === undefined || error === null
          ? constants.Status.Success
          : constants.Status.ProcessingFailure,
      );
      callback(response);
    });
  }

  associationReleaseRequested() {
    this.sendAssociationReleaseResponse();
  }
}

new Server(Receiver).listen(Number(port));
